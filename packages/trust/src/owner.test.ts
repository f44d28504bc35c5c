import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makePolicy, signStatement, toEnvelopeBytes } from '@steadfleet/authority'
import { pretendOwner, pretendSigner, threeSigners } from '@steadfleet/authority/testing'
import { digestOf, toUtf8 } from '@steadfleet/base'
import {
  acceptOwnerRoot,
  acceptPolicy,
  envelopeDigest,
  payloadTypes,
  reopenOwnerRoot,
  type TrustPolicy,
} from './index.ts'

const now = new Date('2026-11-21T00:00:00Z')
const later = new Date('2030-01-01T00:00:00Z')

describe('an owner root', () => {
  test('is first known by the digest of its file', async () => {
    const { root, envelope } = await pretendOwner(1, now)
    const digest = digestOf(toEnvelopeBytes(envelope))
    assert.equal(digest, envelopeDigest(envelope))
    assert.deepEqual(acceptOwnerRoot(digest, envelope, now), root)
    assert.deepEqual(reopenOwnerRoot(envelope), root)
  })

  test('of another digest is not the first one', async () => {
    const { envelope } = await pretendOwner(1, now)
    const accept = () => acceptOwnerRoot(digestOf(toUtf8('other')), envelope, now)
    assert.throws(accept, { code: 'trust/first-root' })
  })

  test('that its own keys have not signed is not the first one', async () => {
    const first = await pretendOwner(1, now)
    const { envelope } = await pretendOwner(1, now, first.keys, [pretendSigner('mallory')])
    const accept = () => acceptOwnerRoot(envelopeDigest(envelope), envelope, now)
    assert.throws(accept, { code: 'trust/threshold' })
  })

  const mallory = threeSigners('mallory')
  const rotations: {
    name: string
    version: number
    signers: 'both' | 'old' | 'new'
    code?: string
  }[] = [
    { name: 'of the next version, signed by old and new keys', version: 2, signers: 'both' },
    { name: 'signed by the old keys alone', version: 2, signers: 'old', code: 'trust/threshold' },
    { name: 'signed by the new keys alone', version: 2, signers: 'new', code: 'trust/threshold' },
    { name: 'of the same version', version: 1, signers: 'both', code: 'trust/rollback' },
    { name: 'two versions on', version: 3, signers: 'both', code: 'trust/fast-forward' },
  ]
  for (const { name, version, signers, code } of rotations) {
    test(`${name} is ${code ? `refused with ${code}` : 'taken'}`, async () => {
      const first = await pretendOwner(1, now)
      const keys = { ...first.keys, root: mallory }
      const by = { both: [...first.keys.root, ...mallory], old: first.keys.root, new: mallory }
      const { root, envelope } = await pretendOwner(version, now, keys, by[signers])
      const accept = () => acceptOwnerRoot(first.root, envelope, now)
      if (code) assert.throws(accept, { code })
      else assert.deepEqual(accept(), root)
    })
  }

  test('follows twenty rotations, of which only the last must be fresh', async () => {
    let held = await pretendOwner(1, now)
    let trusted = held.root
    for (let i = 2; i <= 21; i++) {
      const keys = { ...held.keys, root: threeSigners(`owner-of-${i}`) }
      const at = i === 21 ? later : now
      const next = await pretendOwner(i, at, keys, [...held.keys.root, ...keys.root])
      trusted = acceptOwnerRoot(trusted, next.envelope, i === 21 ? later : undefined)
      held = next
    }
    assert.equal(trusted.version, 21)
  })

  test('that has expired is refused where the time is given', async () => {
    const { envelope } = await pretendOwner(1, now)
    const accept = () => acceptOwnerRoot(envelopeDigest(envelope), envelope, later)
    assert.throws(accept, { code: 'trust/expired' })
  })
})

describe('a trust policy', () => {
  const policy = (stated: Partial<TrustPolicy> = {}): TrustPolicy => {
    const whole = { owner: 'own_a', version: 2, catalogues: [], log: { quorum: 0 } }
    return { ...makePolicy({ ...whole, ceiling: new Map() }, now), ...stated }
  }
  const rows: { name: string; stated: Partial<TrustPolicy>; code?: string; at?: Date }[] = [
    { name: 'of the held version', stated: {} },
    { name: 'of a newer version', stated: { version: 9 } },
    { name: 'of an older version', stated: { version: 1 }, code: 'trust/rollback' },
    { name: 'of another owner', stated: { owner: 'own_b' }, code: 'trust/wrong-owner' },
    { name: 'that has expired', stated: {}, at: later, code: 'trust/expired' },
  ]
  for (const { name, stated, code, at } of rows) {
    test(`${name} is ${code ? `refused with ${code}` : 'taken'}`, async () => {
      const { root, keys } = await pretendOwner(1, now)
      const envelope = await signStatement(payloadTypes.policy, policy(stated), keys.root)
      const accept = () => acceptPolicy(root, policy(), envelope, { now: at ?? now })
      if (code) assert.throws(accept, { code })
      else assert.partialDeepStrictEqual(accept(), policy(stated))
    })
  }

  test('signed by one owner key of two, or by the director, is refused', async () => {
    const { root, keys } = await pretendOwner(1, now)
    for (const signers of [keys.root.slice(0, 1), [keys.director]]) {
      const envelope = await signStatement(payloadTypes.policy, policy(), signers)
      assert.throws(() => acceptPolicy(root, undefined, envelope), { code: 'trust/threshold' })
    }
  })

  test('signed as another statement is refused', async () => {
    const { root, keys } = await pretendOwner(1, now)
    const envelope = await signStatement(payloadTypes.order, policy(), keys.root)
    assert.throws(() => acceptPolicy(root, undefined, envelope), { code: 'trust/malformed' })
  })
})
