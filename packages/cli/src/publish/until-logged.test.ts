import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDigest, toUtf8 } from '@steadfleet/base'
import { type LogView, makeClient } from '@steadfleet/protocol'
import { untilLogged } from './until-logged.ts'

const digest = parseDigest(`sha256:${'ab'.repeat(32)}`)
const waiting: LogView = {
  origin: 'home.log/1',
  signed: 5,
  published: 4,
  quorum: 2,
  witnesses: [
    { name: 'w1', size: 5, trouble: null },
    { name: 'w2', size: 4, trouble: { code: 'log/witness', message: 'cannot reach witness w2' } },
  ],
  trouble: { code: 'log/waiting', message: 'cannot publish size 5 of the log' },
}

test('a release that waits for a witness is waited for, and it is said for whom', async () => {
  let asked = 0
  const transport = async ({ url }: { url: string }) => {
    if (url.endsWith('/v1/log')) return replyWith(waiting)
    asked += 1
    return replyWith(asked === 1 ? [] : [{ record: { digest, length: 1 } }])
  }
  const client = makeClient({ origin: 'http://127.0.0.1:1', transport })
  const said: string[] = []
  await untilLogged({ client }, [digest], line => {
    said.push(line)
  })
  assert.deepEqual(said, [
    'the log waits for 2 witnesses: 4 of 5 entries are published; no answer from w2',
  ])
})

function replyWith(value: unknown) {
  async function* body() {
    yield toUtf8(JSON.stringify(value))
  }
  return { status: 200, headers: {}, body: body() }
}
