import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromHex } from '@steadfleet/base'
import fc from 'fast-check'
import {
  isNoteSignedBy,
  parseCheckpoint,
  parseLogProof,
  parseNote,
  parseNoteKey,
  TrustError,
  toNoteKey,
} from './index.ts'

/** Keys and a note of other projects: the Go checksum database, its documentation, a public witness. */
const neumann = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const keys: [text: string, type: string][] = [
  [neumann, 'ed25519'],
  ['sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8', 'ed25519'],
  [
    'witness.navigli.sunlight.geomys.org+a3e00fe2+BNy/co4C1Hn1p+INwJrfUlgz7W55dSZReusH/GhUhJ/G',
    'cosignature',
  ],
]
const answer = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`
const checkpoint = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
`

describe('a key of a note', () => {
  for (const [text, type] of keys) {
    test(`${text.split('+')[0]} is read as ${type}, under its own id`, () => {
      assert.equal(parseNoteKey(text).type, type)
    })
  }
  const hostile: [why: string, text: string, code: string][] = [
    ['another id', neumann.replace('c74f20a3', 'c74f20a4'), 'trust/malformed'],
    ['an upper-case id', neumann.replace('c74f20a3', 'C74F20A3'), 'trust/malformed'],
    ['a byte too many', neumann.replace('ARpc', 'ARpcAAAA'), 'trust/weak-key'],
    ['no key', 'PeterNeumann+c74f20a3+AQ==', 'trust/weak-key'],
    ['no parts', 'PeterNeumann', 'trust/malformed'],
    ['a name with a space', neumann.replace('Peter', 'Peter '), 'trust/malformed'],
    ['a wide space', neumann.replace('Peter', 'Peter\u2003'), 'trust/malformed'],
  ]
  for (const [why, text, code] of hostile) {
    test(`with ${why} is refused`, () => assert.throws(() => parseNoteKey(text), { code }))
  }
})

describe('a note', () => {
  test('by another implementation holds', () => {
    assert.ok(isNoteSignedBy(parseNote(answer), parseNoteKey(neumann)))
  })

  test('does not hold with a byte of its text changed, or by a key of another name', () => {
    const changed = parseNote(answer.replace('think', 'Think'))
    assert.ok(!isNoteSignedBy(changed, parseNoteKey(neumann)))
    const { raw } = parseNoteKey(neumann)
    assert.ok(!isNoteSignedBy(parseNote(answer), toNoteKey('Peter', 'ed25519', raw)))
    assert.ok(!isNoteSignedBy(parseNote(answer), toNoteKey('PeterNeumann', 'cosignature', raw)))
  })

  test('with a second line of a known key that does not hold is not signed by it', () => {
    const line = '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN\n'
    assert.ok(!isNoteSignedBy(parseNote(answer + line), parseNoteKey(neumann)))
  })

  test('keeps the lines of keys that nobody here knows', () => {
    const { signatures, text } = parseNote(checkpoint)
    assert.deepEqual(
      signatures.map(({ name, keyId, bytes }) => [name, keyId, bytes.length]),
      [
        ['example.com/behind-the-sofa', '033de0ae', 64],
        ['witness.example.com/w1', '8d66cf3f', 72],
      ],
    )
    assert.equal(parseCheckpoint(text).size, 20_852_163)
  })

  test('of no key is not made: a name or 32 bytes are missing, or the key is weak', () => {
    const zero = fromHex('00'.repeat(32))
    assert.throws(() => toNoteKey('log', 'ed25519', zero), { code: 'trust/weak-key' })
    assert.throws(() => toNoteKey('', 'ed25519', zero), { code: 'trust/malformed' })
  })
})

describe('the text of a checkpoint', () => {
  const root = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I='
  test('may carry further lines, which are kept', () => {
    assert.deepEqual(parseCheckpoint(`a\n1\n${root}\nx\ny z\n`).extensions, ['x', 'y z'])
  })
  const hostile = {
    nothing: '',
    'no origin': `\n1\n${root}\n`,
    'no last newline': `a\n1\n${root}`,
    'an empty extension': `a\n1\n${root}\n\n`,
    'a size with a zero before it': `a\n01\n${root}\n`,
    'a negative size': `a\n-1\n${root}\n`,
    'a size beyond integers': `a\n9007199254740993\n${root}\n`,
    'a size in another notation': `a\n1e3\n${root}\n`,
    'a root that is too short': 'a\n1\nAAAA\n',
    'a root in url spelling': `a\n1\n${root.replaceAll('+', '-').replaceAll('/', '_')}\n`,
    'no root': 'a\n1\n',
  }
  for (const [why, text] of Object.entries(hostile)) {
    test(`with ${why} is refused`, () => {
      assert.throws(() => parseCheckpoint(text), { code: 'trust/malformed' })
    })
  }
})

test('whatever text is read as note, key, checkpoint or proof, only a coded refusal comes of it', () => {
  const seeds = [
    answer,
    checkpoint,
    neumann,
    'c2sp.org/tlog-proof@v1\nindex 1\n\na\n\n— a AAAAAAEC\n',
  ]
  const texts = fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.nat(),
      fc.nat(),
      fc.string({ unit: 'binary', maxLength: 9 }),
    )
    .map(([seed, at, cut, added]) => {
      const from = at % (seed.length + 1)
      return seed.slice(0, from) + added + seed.slice(from + (cut % 9))
    })
  fc.assert(
    fc.property(texts, text => {
      for (const read of [parseNote, parseNoteKey, parseCheckpoint, parseLogProof]) {
        try {
          read(text)
        } catch (error) {
          assert.ok(error instanceof TrustError, String(error))
        }
      }
    }),
    { numRuns: 2000 },
  )
})
