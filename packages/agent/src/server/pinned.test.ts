import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, createPublicKey } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isCoded } from '@steadfleet/base'
import { makeTransport } from './http.ts'

describe('a transport that knows its server by a key', () => {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-pinned-'))
  const other = `sha256:${'0'.repeat(64)}`
  let server: Server
  let origin = ''
  let key = ''
  let asked = 0

  before(async () => {
    const [keyFile, certFile] = [join(folder, 'key'), join(folder, 'cert')]
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
    const words = ['req', '-x509', ...made, '-subj', '/CN=elsewhere.example']
    execFileSync('openssl', [...words, '-keyout', keyFile, '-out', certFile], { stdio: 'pipe' })
    const [cert, pem] = [readFileSync(certFile), readFileSync(keyFile)]
    const der = createPublicKey(cert).export({ type: 'spki', format: 'der' })
    key = `sha256:${createHash('sha256').update(der).digest('hex')}`
    server = createServer({ cert, key: pem }, (_, reply) => {
      asked += 1
      reply.end('hello')
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  })

  async function ask(transport: ReturnType<typeof makeTransport>): Promise<string> {
    const request = { method: 'GET', url: `${origin}/`, headers: {} }
    const { body } = await transport(request)
    const pieces: Uint8Array[] = []
    for await (const piece of body as AsyncIterable<Uint8Array>) pieces.push(piece)
    return Buffer.concat(pieces).toString()
  }

  const rows: [what: string, keys: () => readonly string[], answer: string][] = [
    ['speaks with it, whatever its certificate says', () => [key], 'hello'],
    ['speaks with it by any of several', () => [other, key], 'hello'],
    ['sends another one nothing', () => [other], 'agent/other-server'],
    ['goes by authorities where it knows none', () => [], 'agent/unreachable'],
  ]
  for (const [what, keys, answer] of rows) {
    test(what, async () => {
      const transport = makeTransport()
      transport.pin(origin, keys)
      const before = asked
      const found = await ask(transport).catch(error => (isCoded(error) ? error.code : error))
      transport.close()
      assert.deepEqual([found, asked - before], [answer, answer === 'hello' ? 1 : 0])
    })
  }

  test('goes on with no connection that was made under other keys', async () => {
    let keys = [key]
    const transport = makeTransport()
    transport.pin(origin, () => keys)
    assert.equal(await ask(transport), 'hello')
    keys = [other]
    await assert.rejects(ask(transport), { code: 'agent/other-server' })
    transport.close()
  })
})
