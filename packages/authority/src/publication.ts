import {
  binOf,
  type Delegation,
  digestIn,
  type Metadata,
  maySpeakFor,
  parseMetadata,
  refuseExpired,
  refuseOtherThanNext,
  refuseUnsigned,
  type Targets,
  TrustError,
  toSigningRole,
} from '@steadfleet/trust'
import { binsOf, mostBinBits } from './bins.ts'
import { AuthorityError } from './error.ts'
import { refuseWeakKeys } from './role.ts'

/** Newer versions of what one publisher signs, held against its delegation and the versions before. */
export interface Publication {
  /** Who delegates: the catalogue's targets. */
  readonly delegator: Targets
  readonly publisher: string
  /** What is in force of the publisher's role and its bins, by role name. */
  readonly held: ReadonlyMap<string, Targets>
  /** The last version of a role that the catalogue named; of one that is held, as a rule, its own. */
  readonly versionOf?: (role: string) => number
  /** What is offered, by role name: the role, bins of it, or both. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly now: Date
}

/**
 * Takes next versions of a publisher's role and bins, or refuses all of them, as a catalogue's keeper
 * must: each is signed by the publisher, is the next version, and stays inside its name space and its
 * bin; and every release that was there is there as it was.
 */
export function acceptPublication(
  publication: Publication,
): ReadonlyMap<string, Metadata<'targets'>> {
  const { delegator, publisher, held, files, now } = publication
  const { versionOf = role => held.get(role)?.version ?? 0 } = publication
  const row = delegationOf(delegator, publisher)
  const signers = toSigningRole(delegator.delegations?.keys ?? new Map(), row)
  const parsed = [...files].map(([role, bytes]) => [role, parseMetadata('targets', bytes)] as const)
  const offered = new Map(parsed)
  for (const [role, file] of offered) {
    refuseUnsigned(role, file, signers) // TUF §5.6.3
    refuseOtherThanNext(role, versionOf(role), file.signed.version)
  }
  const own = offered.get(publisher)?.signed ?? held.get(publisher)
  refuseForeignDelegates(row, own)
  refuseUnfitSet(publication, own)
  for (const [role, { signed }] of offered) refuseForeignPaths(row, own, role, signed)
  refuseChangedReleases(replacedBy(publication, own), [...offered.values()])
  // TUF §5.6.5, checked last
  for (const [role, { signed }] of offered) refuseExpired(role, signed.expires, now)
  return offered
}

/** The row of a publisher in the catalogue's targets. Errors: `trust/not-delegated`. */
export function delegationOf(delegator: Targets, publisher: string): Delegation {
  const found = delegator.delegations?.roles?.find(({ name }) => name === publisher)
  if (found) return found
  const message = `cannot accept ${publisher}: nobody delegates to it`
  throw new TrustError('trust/not-delegated', message, { role: publisher })
}

/** A publisher delegates to bins of its own, which the keys sign that sign its role, and to nobody else. */
export function refuseForeignDelegates(row: Delegation, role: Targets | undefined): void {
  const { delegations } = role ?? {}
  if (delegations === undefined) return
  refuseWeakKeys(delegations.keys)
  const { roles = [], succinct_roles: bins } = delegations
  const same = (ids: readonly string[]): string => [...new Set(ids)].sort().join()
  const facts: readonly [isSo: boolean, fact: string][] = [
    [
      roles.length > 0 || bins === undefined,
      'a publisher delegates to nothing but bins of its own',
    ],
    [(bins?.bit_length ?? 0) > mostBinBits, `over ${2 ** mostBinBits} bins`],
    [bins?.name_prefix !== `${row.name}.bin`, `its bins are not named ${row.name}.bin`],
    [
      bins?.threshold !== row.threshold || same(bins.keyids) !== same(row.keyids),
      'its bins are not signed by the keys that sign it',
    ],
    [(role?.targets.size ?? 0) > 0, 'it holds releases itself beside its bins'],
  ]
  const [, fact] = facts.find(([isSo]) => isSo) ?? []
  if (fact !== undefined) throw unfit(row.name, fact)
}

/** Files of the publisher alone; and where its releases are spread anew, all of them at once. */
function refuseUnfitSet({ publisher, held, files }: Publication, own: Targets | undefined): void {
  const bins = binsOf(own)
  const stray = [...files.keys()].find(role => role !== publisher && !bins.has(role))
  if (stray !== undefined) throw unfit(publisher, `it has no bin ${stray}`)
  if (!isSpreadAnew(held.get(publisher), own)) return
  const missing = [...bins].find(role => !files.has(role))
  if (missing !== undefined) throw unfit(publisher, `its bin ${missing} is not with it`)
}

function isSpreadAnew(before: Targets | undefined, after: Targets | undefined): boolean {
  return bitsOf(before) !== bitsOf(after)
}

function bitsOf(role: Targets | undefined): number {
  return role?.delegations?.succinct_roles?.bit_length ?? 0
}

/** What the offered files stand for: as a rule each its own predecessor; spread anew, all there was. */
function replacedBy({ publisher, held, files }: Publication, own: Targets | undefined): Targets[] {
  const isAnew = isSpreadAnew(held.get(publisher), own)
  return [...held].flatMap(([role, before]) => (isAnew || files.has(role) ? [before] : []))
}

function unfit(publisher: string, fact: string): AuthorityError {
  return new AuthorityError('authority/bins', `cannot accept ${publisher}: ${fact}`, { publisher })
}

/** A publisher signs for its own name space alone, a bin for its part of that. TUF §5.6.7, TAP 15 */
function refuseForeignPaths(
  row: Delegation,
  own: Targets | undefined,
  role: string,
  offered: Targets,
): void {
  const bins = role === row.name ? undefined : own?.delegations?.succinct_roles
  const isOwn = (path: string): boolean =>
    maySpeakFor(row, path) && (bins === undefined || binOf(bins, path).name === role)
  for (const [path, { hashes }] of offered.targets) {
    if (!isOwn(path)) throw foreign(row, role, path)
    digestIn(hashes, path)
  }
}

function foreign(row: Delegation, role: string, path: string): TrustError {
  const names = row.paths?.join(', ') ?? 'its hash prefixes'
  const space = role === row.name ? names : `its bin’s part of ${names}`
  const message = `cannot accept ${path} from ${role}: its name space is ${space}`
  return new TrustError('trust/not-delegated', message, { path, role, space })
}

/** A revision is never changed nor taken back: what a device runs stays in the catalogue. */
function refuseChangedReleases(
  held: readonly Targets[],
  offered: readonly Metadata<'targets'>[],
): void {
  const now = new Map(offered.flatMap(({ signed }) => [...signed.targets]))
  for (const [path, before] of held.flatMap(({ targets }) => [...targets])) {
    const after = now.get(path)
    const was = digestIn(before.hashes, path)
    const is = after === undefined ? 'nothing' : digestIn(after.hashes, path)
    if (was === is && after?.length === before.length) continue
    const message = `cannot accept ${path}: it is ${was} and was offered as ${is}`
    throw new TrustError('trust/changed-release', message, { path, held: was, offered: is })
  }
}
