import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import { sendReplaced } from './send-file.ts'

const root = mkdtempSync(join(tmpdir(), 'steadfleet-replaced-'))
after(() => rmSync(root, { recursive: true }))

test('a file that is replaced all the time is always one of those that were in its place', async t => {
  const app = serve(t)
  replace(0)
  let isOver = false
  const replacing = (async () => {
    for (let i = 1; !isOver; i += 1) {
      replace(i)
      await new Promise(setImmediate)
    }
  })()
  const seen = new Set<string>()
  for (let i = 0; i < 300; i += 1) {
    const { statusCode, headers, body } = await app.inject('/file')
    assert.equal(statusCode, 200)
    assert.equal(Number(headers['content-length']), body.length)
    assert.deepEqual(JSON.parse(body).letters, letters(JSON.parse(body).n))
    seen.add(body)
  }
  isOver = true
  await replacing
  assert.ok(seen.size > 10)
})

test('it is not sent again to whoever holds it, and one that is not there is unknown', async t => {
  const app = serve(t)
  replace(1)
  const first = await app.inject('/file')
  const again = () =>
    app.inject({ url: '/file', headers: { 'if-none-match': String(first.headers.etag) } })
  assert.deepEqual([(await again()).statusCode, (await again()).body], [304, ''])
  replace(2)
  assert.equal(JSON.parse((await again()).body).n, 2)
  rmSync(join(root, 'file'))
  assert.equal((await again()).json().code, 'content/unknown')
})

function serve(t: TestContext): FastifyInstance {
  const app = fastify()
  t.after(() => app.close())
  app.get('/file', async (_, reply) => {
    await sendReplaced(reply, { root, path: 'file', what: 'a file' })
    return reply
  })
  return app
}

function replace(n: number): void {
  writeFileSync(join(root, 'new'), JSON.stringify({ n, letters: letters(n) }))
  renameSync(join(root, 'new'), join(root, 'file'))
}

/** Another length each time. */
function letters(n: number): string {
  return 'x'.repeat((n * 37) % 101)
}
