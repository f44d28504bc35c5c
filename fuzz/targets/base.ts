import { deepStrictEqual } from 'node:assert'
import {
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  isDigest,
  parseDigest,
  parseStrictJson,
  toBase64,
  toBase64Url,
  toDocument,
  toHex,
  toUtf8,
} from '@steadfleet/base'
import fc from 'fast-check'
import { documentsIn, filesOf } from '../seeds.ts'
import { type FuzzTarget, holds } from '../target.ts'

/** The readers of `base`: what is taken is what JSON.parse or the decoder of Node would take. */
export const baseTargets: readonly FuzzTarget[] = [
  {
    name: 'base-strict-json',
    format: 'json',
    codes: ['json/', 'bytes/'],
    seeds: () => [
      ...documentsIn('{tree,statements}/**/*.json', text => /^[{[]/.test(text)),
      ...filesOf('statements/floor-cells/*.json'),
    ],
    near: fc.jsonValue({ maxDepth: 6 }),
    read: bytes => {
      const value = parseStrictJson(bytes)
      deepStrictEqual(value, JSON.parse(Buffer.from(bytes).toString()))
      deepStrictEqual(parseStrictJson(toDocument(value), { bytes: 2 ** 30, depth: 32 }), value)
    },
  },
  ...(
    [
      ['hex', fromHex, toHex, 'a0ff'],
      ['base64', fromBase64, toBase64, 'AAECAwQ='],
      ['base64url', fromBase64Url, toBase64Url, 'AAECAwQ'],
    ] as const
  ).map(
    ([name, read, write, seed]): FuzzTarget => ({
      name: `base-${name}`,
      format: 'encodings',
      codes: ['bytes/'],
      seeds: () => [toUtf8(seed), toUtf8(seed.repeat(20)), new Uint8Array()],
      read: bytes => {
        const text = Buffer.from(bytes).toString('latin1')
        holds(write(read(text)) === text, 'what is read is written as it was')
      },
    }),
  ),
  {
    name: 'base-utf8',
    format: 'encodings',
    codes: ['bytes/'],
    seeds: () => [toUtf8('aé€\u{10ffff}\ufeff')],
    read: bytes => {
      holds(
        Buffer.compare(toUtf8(fromUtf8(bytes)), bytes) === 0,
        'what is read is written as it was',
      )
    },
  },
  {
    name: 'base-digest',
    format: 'encodings',
    codes: ['bytes/'],
    seeds: () => [toUtf8(`sha256:${'0123456789abcdef'.repeat(4)}`)],
    read: bytes => {
      const text = Buffer.from(bytes).toString()
      holds(isDigest(parseDigest(text)) && text.length === 71, 'a digest is 71 characters')
    },
  },
]
