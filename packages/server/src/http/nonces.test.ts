import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeNonces, nonceLifeMs } from './nonces.ts'

describe('a nonce', () => {
  const ages: [what: string, ms: number, code: string | undefined][] = [
    ['that was just made is good', 0, undefined],
    ['is good to the end of its life', nonceLifeMs - 1, undefined],
    ['is stale after its life', nonceLifeMs, 'request/stale-nonce'],
    ['from the future is stale', -nonceLifeMs, 'request/stale-nonce'],
  ]
  for (const [what, ms, code] of ages) {
    test(what, () => {
      const { nonces, later } = pretendNonces()
      const nonce = nonces.make()
      later(ms)
      const check = () => nonces.refuseStale({ nonce, sequence: 1 })
      if (code) assert.throws(check, { code })
      else check()
    })
  }

  test('that another process made is stale', () => {
    const nonce = pretendNonces(1).nonces.make()
    assert.throws(() => pretendNonces(2).nonces.refuseStale({ nonce, sequence: 1 }), {
      code: 'request/stale-nonce',
    })
    for (const forged of ['', 'none', 'A'.repeat(36), `${nonce.slice(0, -1)}_`]) {
      assert.throws(() => pretendNonces(1).nonces.refuseStale({ nonce: forged, sequence: 1 }), {
        code: 'request/stale-nonce',
      })
    }
  })

  test('that is half as old as it may get is followed by a new one', () => {
    const { nonces, later } = pretendNonces()
    const nonce = nonces.make()
    assert.equal(nonces.next(nonce), nonce)
    later(nonceLifeMs / 2)
    assert.notEqual(nonces.next(nonce), nonce)
  })
})

describe('sequences', () => {
  // Those that arrive, and the last of them that is refused, if any.
  const rows: [sequences: number[], isRefused: boolean][] = [
    [[1, 2, 3], false],
    [[1, 1], true],
    [[2, 1], false],
    [[2, 1, 1], true],
    [[64, 1], false],
    [[65, 1], true],
    [[1, 1000, 1], true],
    [[1, 1000, 999, 998], false],
    [[5, 500_000_000_000, 5], true],
  ]
  for (const [sequences, isRefused] of rows) {
    test(`${sequences.join(', ')} are ${isRefused ? 'refused at the last' : 'all taken'}`, () => {
      const { nonces } = pretendNonces()
      const nonce = nonces.make()
      const take = (sequence: number) => nonces.refuseReplay('key', { nonce, sequence })
      for (const sequence of sequences.slice(0, -1)) take(sequence)
      const last = sequences.at(-1) ?? 0
      if (isRefused) assert.throws(() => take(last), { code: 'request/replayed' })
      else take(last)
    })
  }

  test('of two keys and of two nonces know nothing of each other', () => {
    const { nonces } = pretendNonces()
    const [one, two] = [nonces.make(), nonces.make()]
    nonces.refuseReplay('key', { nonce: one, sequence: 1 })
    nonces.refuseReplay('key', { nonce: two, sequence: 1 })
    nonces.refuseReplay('other', { nonce: one, sequence: 1 })
  })

  test('of nonces that have ended are forgotten no earlier than the nonce', () => {
    const { nonces, later } = pretendNonces()
    const nonce = nonces.make()
    nonces.refuseReplay('key', { nonce, sequence: 1 })
    later(nonceLifeMs - 1)
    nonces.refuseStale({ nonce, sequence: 1 })
    assert.throws(() => nonces.refuseReplay('key', { nonce, sequence: 1 }), {
      code: 'request/replayed',
    })
  })
})

function pretendNonces(seed = 1) {
  let ms = Date.parse('2026-11-21T00:00:00Z')
  let drawn = seed
  const nonces = makeNonces({
    now: () => new Date(ms),
    random: length => {
      drawn += 1
      return new Uint8Array(length).fill(drawn)
    },
  })
  return {
    nonces,
    later: (by: number) => {
      ms += by
    },
  }
}
