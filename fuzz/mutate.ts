import type { Random } from './random.ts'

/** Texts that readers have stumbled over: limits of numbers, of depth, of names, of encodings. */
const dictionary = [
  ...['0', '-0', '-1', '1e9', '1.0', '9007199254740991', '9007199254740992', '-9007199254740993'],
  ...['{}', '[]', '""', 'null', 'true', '{"a":1,"a":2}', '[[[[[[[[', '\\u0000', '\\ud800', '\\"'],
  ...[
    '"__proto__":',
    '"constructor":',
    '"critical":["x"],',
    '..',
    '/',
    '*',
    '?',
    '%2e',
    '\u{10ffff}',
  ],
  ...['sha256:', '-----BEGIN PUBLIC KEY-----\n', '0001-01-01T00:00:00Z', '2026-02-30T00:00:00Z'],
  ...['\0', '\ufeff', '\xff', '\xc0\x80', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\r\n', '='],
].map(text => new Uint8Array(Buffer.from(text, text.codePointAt(0) === 0xfeff ? 'utf8' : 'latin1')))

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array

const mutations: readonly Mutation[] = [
  // A bit flips, a byte changes.
  (bytes, random) => replaced(bytes, random, at => [(bytes[at] ?? 0) ^ (1 << random.below(8))]),
  (bytes, random) => replaced(bytes, random, () => [random.below(256)]),
  // Something is left out, stands twice, or is cut off.
  (bytes, random) => spliced(bytes, random, []),
  (bytes, random) => spliced(bytes, random, piece(bytes, random), 0),
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  // Something known to hurt stands in its place or beside it.
  (bytes, random) => spliced(bytes, random, random.pick(dictionary)),
  (bytes, random) => spliced(bytes, random, random.pick(dictionary), 0),
  // A number grows.
  (bytes, random) => spliced(bytes, random, Buffer.from(String(2 ** random.below(60))), 1),
]

/** One to four mutations of bytes. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let result = bytes
  for (let left = 1 + random.below(4); left > 0; left--) {
    result = random.pick(mutations)(result, random)
  }
  return result
}

function replaced(
  bytes: Uint8Array,
  random: Random,
  make: (at: number) => readonly number[],
): Uint8Array {
  if (bytes.length === 0) return bytes
  const copy = bytes.slice()
  const at = random.below(bytes.length)
  copy.set(make(at), at)
  return copy
}

/** Puts `piece` over some bytes, of which there are fewer than 16 unless `length` says how many. */
function spliced(
  bytes: Uint8Array,
  random: Random,
  piece: ArrayLike<number>,
  length = random.below(16),
): Uint8Array {
  const at = random.below(bytes.length + 1)
  const end = Math.min(at + length, bytes.length)
  const result = new Uint8Array(at + piece.length + bytes.length - end)
  result.set(bytes.subarray(0, at))
  result.set(piece, at)
  result.set(bytes.subarray(end), at + piece.length)
  return result
}

function piece(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.below(bytes.length)
  return bytes.subarray(at, at + random.below(64))
}
