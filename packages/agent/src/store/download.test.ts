import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { digestOf, toUtf8 } from '@steadfleet/base'
import { makeTransport } from '../server/http.ts'
import { download, refuseOtherFile } from './download.ts'

const pace = { bytes: 100, windowMs: 100, monotonic: () => performance.now() }
const patience = { headMs: 200, idleMs: 200, streamMs: 200, pace }

describe('a download', () => {
  test('goes on where an earlier try was cut off', () =>
    from(rangeOf('0123456789'), async ({ fetch, path }) => {
      await writeFile(path, '0123')
      assert.equal(await fetch(10), 6)
      assert.equal(await readFile(path, 'utf8'), '0123456789')
    }))

  test('starts anew where the server sends everything', () =>
    from(
      (_, reply) => void reply.end('abc'),
      async ({ fetch, path }) => {
        await writeFile(path, '0123')
        assert.equal(await fetch(10), 3)
        assert.equal(await readFile(path, 'utf8'), 'abc')
      },
    ))

  const rows: [what: string, listener: RequestListener, code: string][] = [
    ['sends more than was signed', (_, reply) => void reply.end('x'.repeat(100)), 'agent/too-long'],
    ['never begins to answer', () => undefined, 'agent/unreachable'],
    ['falls silent', (_, reply) => void reply.write('x'), 'agent/unreachable'],
    [
      'cuts the line',
      (_, reply) => {
        reply.writeHead(200, { 'content-length': 10 })
        reply.write('x')
        setTimeout(() => reply.destroy(), 20)
      },
      'agent/cut-short',
    ],
    [
      'trickles',
      (_, reply) => {
        const timer = setInterval(() => reply.write('x'), 20)
        reply.on('close', () => clearInterval(timer))
      },
      'trust/slow-retrieval',
    ],
  ]
  for (const [what, listener, code] of rows) {
    test(`from a server that ${what} ends in ${code}`, () =>
      from(listener, ({ fetch }) => assert.rejects(fetch(50), { code })))
  }
})

describe('a fetched file', () => {
  const rows: [what: string, content: string, code: string][] = [
    ['changed', 'heLlo', 'agent/digest'],
    ['too short', 'hell', 'agent/too-short'],
  ]
  for (const [what, content, code] of rows) {
    test(`that is ${what} is refused and removed`, () =>
      from(
        () => undefined,
        async ({ path }) => {
          await writeFile(path, content)
          await assert.rejects(refuseOtherFile(path, digestOf(toUtf8('hello')), 5), { code })
          await assert.rejects(readFile(path), { code: 'ENOENT' })
        },
      ))
  }
})

interface Bench {
  readonly path: string
  readonly fetch: (limit: number) => Promise<number>
}

/** A server that behaves as `listener` does, and a download from it. */
async function from(
  listener: RequestListener,
  use: (bench: Bench) => Promise<void>,
): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const directory = await mkdtemp(join(tmpdir(), 'steadfleet-download-'))
  const path = join(directory, 'file')
  const transport = makeTransport(patience)
  const open = (offset: number) =>
    transport({ method: 'GET', url, headers: offset ? { range: `bytes=${offset}-` } : {} })
  try {
    await use({ path, fetch: limit => download({ path, limit, open }) })
  } finally {
    transport.close()
    server.closeAllConnections()
    server.close()
    await rm(directory, { recursive: true })
  }
}

function rangeOf(text: string): RequestListener {
  return (request, reply) => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    reply.writeHead(206, { 'content-range': `bytes ${start}-${text.length - 1}/${text.length}` })
    reply.end(text.slice(start))
  }
}
