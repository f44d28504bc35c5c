import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { noteKeyOf, toNoteKeyText } from '@steadfleet/authority'
import { pretendSigner } from '@steadfleet/authority/testing'
import { chosenLog } from '@steadfleet/trust'
import { nextShard } from './next-shard.ts'

describe('the next shard', () => {
  const rows: [name: string, next: string][] = [
    ['home.log/0123456789abcdef', 'home.log/0123456789abcdef/2'],
    ['home.log/0123456789abcdef/2', 'home.log/0123456789abcdef/3'],
    ['home.log/0123456789012345/9', 'home.log/0123456789012345/10'],
    ['home.log/1234', 'home.log/1234/2'],
  ]
  for (const [name, next] of rows) {
    test(`of ${name} is ${next}, with the same key`, () => {
      const signer = pretendSigner('log')
      const log = {
        key: toNoteKeyText(noteKeyOf(name, 'ed25519', signer)),
        witnesses: [],
        quorum: 0,
      }
      const shard = chosenLog(nextShard(log))
      assert.equal(shard?.key.name, next)
      assert.deepEqual(shard?.key.raw, chosenLog(log)?.key.raw)
    })
  }

  test('of no log is refused', () => {
    assert.throws(() => nextShard({ quorum: 0 }), { code: 'cli/refused' })
  })
})
