import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digestOf, toUtf8 } from '@steadfleet/base'
import { TrustError } from '@steadfleet/trust'
import { judged, remembering } from './offered.ts'

const file = toUtf8('{"signed":{}}')
const refusal = new TrustError('trust/rollback', 'cannot accept it', { held: 4, offered: 3 })
const refuse = (error: Error) => async () => {
  throw error
}

test('a refusal names the document that it is of', async () => {
  const fetcher = remembering({
    fetch: async name => (name === 'timestamp.json' ? file : undefined),
  })
  await fetcher.fetch('timestamp.json', 100)
  await fetcher.fetch('2.root.json', 100)
  await assert.rejects(judged(fetcher.last, refuse(refusal)), {
    name: 'TrustError',
    code: 'trust/rollback',
    message: 'cannot accept it',
    details: { held: 4, offered: 3, document: digestOf(file) },
  })
})

test('a refusal that came before any document, or names its own, stays as it is', async () => {
  await assert.rejects(
    judged(() => undefined, refuse(refusal)),
    refusal,
  )
  const own = new TrustError('trust/mismatch', 'cannot', { document: digestOf(toUtf8('x')) })
  await assert.rejects(
    judged(() => digestOf(file), refuse(own)),
    own,
  )
  const other = new TypeError('no refusal at all')
  await assert.rejects(
    judged(() => digestOf(file), refuse(other)),
    other,
  )
})

test('what is accepted is answered', async () => {
  assert.equal(
    await judged(
      () => undefined,
      async () => 7,
    ),
    7,
  )
})
