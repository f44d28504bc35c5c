import type { Place } from '@steadfleet/confine/firewall'

/** What a package tried to reach and was not let: how often, and where most. */
export interface DeniedCount {
  /** Attempts in all. */
  readonly count: number
  /** By `203.0.113.9:23/tcp`; not every one where there are very many. */
  readonly byTarget: ReadonlyMap<string, number>
  /** What was granted and asked for too often, in packets. */
  readonly excess: number
}

const counters = ['denied', 'excess', 'forged'] as const
const sets = ['denied_ipv4', 'denied_ipv6'] as const

/** The command by which `nft -j` is asked for counts; for {@link readCounts}. */
export function toCountersOf({ link }: Place): string {
  return counters.map(name => `list counter inet ${link} ${name}`).join('; ')
}

/** Commands for the targets, one at a time: nft 1.0.6 finds but one set in each. */
export function toTargetsOf({ link }: Place): string[] {
  return sets.map(name => `list set inet ${link} ${name}`)
}

/** Whether a reading of counters tells of something that the one before did not. */
export function hasGrown(before: Counts | undefined, after: Counts): boolean {
  return counters.some(name => (after.get(name) ?? 0) !== (before?.get(name) ?? 0))
}

/** Counts as they stand: of addresses since their element came, of the rest since the table was made. */
export type Counts = ReadonlyMap<string, number>

/** Reads what nft said, in JSON, a document a line. libnftables-json(5) */
export function readCounts(said: string): Counts {
  const objects = said
    .split('\n')
    .filter(line => line.startsWith('{'))
    .flatMap(line => (JSON.parse(line) as { nftables: Listed[] }).nftables)
  const found = objects.flatMap(({ counter, set }) => [
    ...(counter ? [[counter.name, counter.packets] as const] : []),
    ...(set?.elem ?? []).flatMap(({ elem }) => targetOf(elem)),
  ])
  return new Map(found)
}

interface Listed {
  readonly counter?: { readonly name: string; readonly packets: number }
  readonly set?: { readonly elem?: readonly { readonly elem: Element }[] }
}

interface Element {
  readonly val?: { readonly concat?: readonly (string | number)[] }
  readonly counter?: { readonly packets: number }
}

function targetOf({ val, counter }: Element): [string, number][] {
  const [address, protocol, port] = val?.concat ?? []
  if (counter === undefined || port === undefined) return []
  const host = `${address}`.includes(':') ? `[${address}]` : address
  return [[`${host}:${port}/${protocol}`, counter.packets]]
}

/** What came about between two readings; what counts less than before was begun anew in between. */
export function difference(before: Counts, after: Counts): DeniedCount {
  const grown = (name: string) => {
    const [old, now] = [before.get(name) ?? 0, after.get(name) ?? 0]
    return now >= old ? now - old : now
  }
  const targets = [...after.keys()].filter(name => name.includes(':'))
  const byTarget = new Map(targets.map(name => [name, grown(name)] as const))
  const count = grown('denied') + grown('forged')
  return {
    count,
    byTarget: new Map([...byTarget].filter(([, n]) => n > 0)),
    excess: grown('excess'),
  }
}
