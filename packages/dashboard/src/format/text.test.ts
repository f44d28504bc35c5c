import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toCount, toList, toSentence, toShortDigest, toShortPackage, toSize } from './text.ts'

describe('a size', () => {
  const rows: [bytes: number, said: string][] = [
    [0, '0 bytes'],
    [412, '412 bytes'],
    [1000, '1.0 kB'],
    [41_400, '41.4 kB'],
    [98_417_020, '98.4 MB'],
    [980_000_000, '980 MB'],
    [2_100_000_000, '2.1 GB'],
  ]
  for (const [bytes, said] of rows)
    test(`of ${bytes} is ${said}`, () => assert.equal(toSize(bytes), said))
})

describe('a list of names', () => {
  const rows: [names: string[], said: string][] = [
    [[], ''],
    [['fig'], 'fig'],
    [['fig', 'oak'], 'fig and oak'],
    [['fig', 'oak', 'elm', 'pine'], 'fig, oak, elm and pine'],
    [['fig', 'oak', 'elm', 'pine', 'ash'], 'fig, oak, elm and 2 more'],
  ]
  for (const [names, said] of rows)
    test(`of ${names.length} is “${said}”`, () => assert.equal(toList(names), said))
})

describe('a message as a sentence', () => {
  const rows: [message: string, said: string][] = [
    ['cannot sign in: it is over', 'Cannot sign in: it is over'],
    ['probation', 'Probation'],
    ['acme/greenhouse failed', 'acme/greenhouse failed'],
    ['greenhouse-2 failed', 'greenhouse-2 failed'],
    ['2 of 3 devices failed', '2 of 3 devices failed'],
    ['', ''],
  ]
  for (const [message, said] of rows)
    test(`“${message}” reads “${said}”`, () => assert.equal(toSentence(message), said))
})

test('a digest is cut to twelve digits, a package to its own name, a count has its noun', () => {
  assert.equal(toShortDigest(`sha256:${'b07e41d2'.repeat(8)}`), 'b07e41d2b07e')
  assert.equal(toShortPackage('acme/greenhouse'), 'greenhouse')
  assert.deepEqual(
    [0, 1, 2].map(count => toCount(count, 'device')),
    ['0 devices', '1 device', '2 devices'],
  )
})
