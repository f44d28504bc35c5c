import type { Random } from './random.ts'

const strange: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1, 1.5, 2 ** 31, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 1e308],
  ...[
    '',
    'a',
    '/',
    '..',
    '../x',
    '\0',
    '\ud800',
    '\u{10ffff}',
    'é',
    '*',
    'a'.repeat(300),
    '__proto__',
  ],
  ...[
    'sha256:',
    `sha256:${'0'.repeat(64)}`,
    '2026-11-21T00:00:00Z',
    '9999-99-99T99:99:99Z',
    'acme/x',
  ],
  ...[[], {}, [[]], [null], { critical: ['x'] }, { critical: 'x' }, { a: { a: { a: 1 } } }],
]

/** A copy of a parsed document in which one value, member or item is another, gone or doubled. */
export function mutatedJson(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.oneIn(24)) return random.pick(strange)
  return Array.isArray(value)
    ? mutatedList(value, random)
    : mutatedObject(value as Record<string, unknown>, random)
}

/** A copy of a parsed document in which one member or item, somewhere, is `value`. */
export function replacedInside(document: unknown, random: Random, value: unknown): unknown {
  if (typeof document !== 'object' || document === null || random.oneIn(12)) return value
  const keys = Object.keys(document)
  if (keys.length === 0) return value
  const key = random.pick(keys)
  const inside = replacedInside((document as Record<string, unknown>)[key], random, value)
  if (Array.isArray(document)) return document.with(Number(key), inside)
  return { ...document, [key]: inside }
}

function mutatedList(list: readonly unknown[], random: Random): unknown[] {
  const at = random.below(list.length + 1)
  const item = list[at]
  switch (random.below(6)) {
    case 0:
      return list.toSpliced(at, 1)
    case 1:
      return list.toSpliced(at, 0, item ?? random.pick(strange))
    case 2:
      return list.toReversed()
    default:
      return at < list.length ? list.with(at, mutatedJson(item, random)) : [...list, item ?? null]
  }
}

function mutatedObject(members: Record<string, unknown>, random: Random): Record<string, unknown> {
  const entries = Object.entries(members)
  if (entries.length === 0) return { a: random.pick(strange) }
  const at = random.below(entries.length)
  const [key, value] = entries[at] ?? ['', null]
  switch (random.below(6)) {
    case 0:
      return Object.fromEntries(entries.toSpliced(at, 1))
    case 1:
      return Object.fromEntries(entries.with(at, [String(random.pick(strange)), value]))
    case 2:
      return Object.fromEntries([...entries, [String(random.pick(strange)), value]])
    default:
      return Object.fromEntries(entries.with(at, [key, mutatedJson(value, random)]))
  }
}
