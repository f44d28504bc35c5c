/** An IP address as the number that it is, so that networks are compared by arithmetic. */
export interface Address {
  readonly family: AddressFamilyName
  readonly value: bigint
}

export type AddressFamilyName = 'ipv4' | 'ipv6'

export const addressBits: Readonly<Record<AddressFamilyName, number>> = { ipv4: 32, ipv6: 128 }

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const dotted = new RegExp(`^(${octet}\\.){3}${octet}$`)

/** An address in one of its usual forms; undefined for any other text. RFC 4291 §2.2 */
export function parseAddress(text: string): Address | undefined {
  if (dotted.test(text)) return { family: 'ipv4', value: joined(text.split('.').map(Number), 8n) }
  const groups = groupsOf(text)
  return groups && { family: 'ipv6', value: joined(groups, 16n) }
}

/** The form in which an address is written here: RFC 5952 for IPv6. */
export function toAddress({ family, value }: Address): string {
  if (family === 'ipv4') return split(value, 8n, 4).join('.')
  const groups = split(value, 16n, 8).map(group => group.toString(16))
  const run = longestZeros(groups)
  if (run.length < 2) return groups.join(':')
  const head = groups.slice(0, run.start).join(':')
  return `${head}::${groups.slice(run.start + run.length).join(':')}`
}

function joined(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(part), 0n)
}

function split(value: bigint, bits: bigint, count: number): number[] {
  const mask = (1n << bits) - 1n
  return Array.from({ length: count }, (_, i) =>
    Number((value >> (bits * BigInt(count - 1 - i))) & mask),
  )
}

function groupsOf(text: string): number[] | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0 || !text.includes(':')) return undefined
  const before = hexGroups(head)
  const after = tail === undefined ? [] : hexGroups(tail)
  if (!before || !after) return undefined
  const missing = 8 - before.length - after.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  return [...before, ...Array<number>(missing).fill(0), ...after]
}

function hexGroups(text: string): number[] | undefined {
  if (text === '') return []
  const groups = text.split(':')
  return groups.every(group => /^[0-9a-f]{1,4}$/i.test(group))
    ? groups.map(group => Number.parseInt(group, 16))
    : undefined
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  for (const [i, group] of groups.entries()) {
    if (group !== '0') start = i + 1
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start }
  }
  return best
}
