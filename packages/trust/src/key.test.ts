import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import { pretendSigner, seedOf } from '@steadfleet/authority/testing'
import { fromHex, toCanonicalText, toHex, toUtf8 } from '@steadfleet/base'
import fc from 'fast-check'
import { isSignedBy, refuseWeakKey } from './ed25519.ts'
import { ed25519Key, keyIdOf, type PublicKey, refuseBelowThreshold, toSigningRole } from './key.ts'

const message = toUtf8('what is signed')

describe('a weak key', () => {
  const p = 2n ** 255n - 19n
  const torsion = ed25519.Point.fromHex(
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  )
  const eight = Array.from({ length: 8 }, (_, i) => torsion.multiplyUnsafe(BigInt(i)))

  for (const point of eight) {
    test(`of small order, ${point.toHex().slice(0, 16)}…, is refused`, () => {
      assert.ok(point.isSmallOrder())
      assert.throws(() => refuseWeakKey(point.toBytes()), { code: 'trust/weak-key' })
    })
  }

  test('of small order has eight points, and all differ', () => {
    assert.equal(new Set(eight.map(point => point.toHex())).size, 8)
  })

  for (let above = 0n; above < 19n; above++) {
    for (const sign of [0n, 2n ** 255n]) {
      test(`whose y is p + ${above}${sign ? ', negative,' : ''} is refused`, () => {
        const raw = littleEndian(p + above + sign)
        assert.throws(() => refuseWeakKey(raw), { code: 'trust/weak-key' })
      })
    }
  }

  test('of 31 or 33 bytes is refused', () => {
    assert.throws(() => refuseWeakKey(new Uint8Array(31)), { code: 'trust/weak-key' })
    assert.throws(() => refuseWeakKey(new Uint8Array(33)), { code: 'trust/weak-key' })
  })

  test('verifies nothing, not even what its algebra would', () => {
    const identity = fromHex(`01${'00'.repeat(31)}`)
    const forged = new Uint8Array(Buffer.concat([identity, new Uint8Array(32)]))
    assert.equal(isSignedBy(identity, message, forged), false)
  })
})

test('any point that @noble/curves calls neither small nor misspelled passes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), seed => {
      const raw = ed25519.getPublicKey(seed)
      refuseWeakKey(raw)
      assert.equal(ed25519.Point.fromBytes(raw).isSmallOrder(), false)
    }),
    { numRuns: 50 },
  )
})

test('a signer and @noble/curves make the same key and the same signature of one seed', async () => {
  const seed = seedOf('acme')
  const signer = pretendSigner('acme')
  assert.equal(signer.key.keyval.public, toHex(ed25519.getPublicKey(seed)))
  assert.deepEqual(await signer.sign(message), ed25519.sign(message, seed))
})

describe('a signature check agrees with Wycheproof', () => {
  interface Group {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly { tcId: number; msg: string; sig: string; result: string }[]
  }
  const file = new URL('../../../vectors/ed25519/wycheproof.json', import.meta.url)
  const { testGroups } = JSON.parse(readFileSync(file, 'utf8')) as { testGroups: Group[] }
  const cases = testGroups.flatMap(({ publicKey, tests }) =>
    tests.map(one => ({ ...one, raw: fromHex(publicKey.pk) })),
  )
  test(`on all of its ${cases.length} cases`, () => {
    assert.ok(cases.length >= 150)
    for (const { tcId, raw, msg, sig, result } of cases) {
      const holds = isSignedBy(raw, fromHex(msg), Buffer.from(sig, 'hex'))
      assert.equal(holds, result === 'valid', `case ${tcId}`)
    }
  })
})

describe('a key id', () => {
  const key = pretendSigner('acme').key

  test('is the SHA-256 of the canonical key', () => {
    assert.equal(
      toCanonicalText(key),
      `{"keytype":"ed25519","keyval":{"public":"${key.keyval.public}"},"scheme":"ed25519"}`,
    )
    assert.equal(keyIdOf(key), 'b6367deda3b1abc2b4ab0b7af22c8ab1d5bce82df7fdfab838409bf66a403df3')
  })

  test('covers members that this reader does not know', () => {
    assert.notEqual(keyIdOf({ ...key, ...{ note: 'x' } }), keyIdOf(key))
  })
})

describe('a threshold', () => {
  const [a, b, c] = ['a', 'b', 'c'].map(pretendSigner)
  assert.ok(a && b && c)
  const twin: PublicKey = { ...a.key, ...{ note: 'the same key, another id' } }
  const rsa: PublicKey = { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: 'PEM' } }
  const shouted: PublicKey = { ...a.key, keyval: { public: a.key.keyval.public.toUpperCase() } }
  const weak = ed25519Key(fromHex(`01${'00'.repeat(31)}`))

  const rows: {
    name: string
    keys: PublicKey[]
    signers: [PublicKey, string][]
    holds: boolean
  }[] = [
    {
      name: 'two keys of three',
      keys: [a.key, b.key, c.key],
      signers: [
        [a.key, 'a'],
        [c.key, 'c'],
      ],
      holds: true,
    },
    {
      name: 'one key of three',
      keys: [a.key, b.key, c.key],
      signers: [[a.key, 'a']],
      holds: false,
    },
    {
      name: 'one key, twice',
      keys: [a.key, b.key],
      signers: [
        [a.key, 'a'],
        [a.key, 'a'],
      ],
      holds: false,
    },
    {
      name: 'one key under two ids',
      keys: [a.key, twin],
      signers: [
        [a.key, 'a'],
        [twin, 'a'],
      ],
      holds: false,
    },
    {
      name: 'one key in two spellings',
      keys: [a.key, shouted],
      signers: [
        [a.key, 'a'],
        [shouted, 'a'],
      ],
      holds: false,
    },
    {
      name: 'a stranger beside one key',
      keys: [a.key, b.key],
      signers: [
        [a.key, 'a'],
        [c.key, 'c'],
      ],
      holds: false,
    },
    {
      name: 'a forged signature beside one key',
      keys: [a.key, b.key],
      signers: [
        [a.key, 'a'],
        [b.key, 'c'],
      ],
      holds: false,
    },
    {
      name: 'two keys beside one of another kind',
      keys: [rsa, a.key, b.key],
      signers: [
        [rsa, 'c'],
        [a.key, 'a'],
        [b.key, 'b'],
      ],
      holds: true,
    },
    {
      name: 'a weak key beside one key',
      keys: [weak, a.key],
      signers: [
        [weak, 'c'],
        [a.key, 'a'],
      ],
      holds: false,
    },
  ]
  for (const { name, keys, signers, holds } of rows) {
    test(`of 2 is ${holds ? '' : 'not '}met by ${name}`, async () => {
      const signatures = await Promise.all(
        signers.map(async ([key, by]) => ({
          keyid: keyIdOf(key),
          sig: await pretendSigner(by).sign(message),
        })),
      )
      const check = () => refuseBelowThreshold('it', { keys, threshold: 2 }, message, signatures)
      if (holds) check()
      else assert.throws(check, { code: 'trust/threshold' })
    })
  }

  test('of 0 is met by nobody', () => {
    const check = () => refuseBelowThreshold('it', { keys: [], threshold: 0 }, message, [])
    assert.throws(check, { code: 'trust/threshold' })
  })

  test('leaves out a key whose id is not its digest, and keeps the others', () => {
    const keys = new Map([
      [a.keyid, a.key],
      ['00'.repeat(32), b.key],
    ])
    const role = toSigningRole(keys, { keyids: [...keys.keys()], threshold: 1 })
    assert.deepEqual(role.keys, [a.key])
  })
})

function littleEndian(number: bigint): Uint8Array {
  return fromHex(number.toString(16).padStart(64, '0')).toReversed()
}
