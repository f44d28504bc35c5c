import { binOf, type SigningRole, type SuccinctRoles, type Targets } from '@steadfleet/trust'
import { AuthorityError } from './error.ts'
import { keysOf, makeDelegatedRole, type SignedTargets } from './metadata.ts'
import { addRelease, type NamedTarget } from './release.ts'
import { toRoleRow } from './role.ts'

/** From so many releases in one file on, a publisher and its devices are better off with bins. */
export const releasesWorthBins = 1000

/** A snapshot names every bin, so more of them would cost each device more than they save it. */
export const mostBinBits = 12

/** A publisher's documents by the names of their roles: its own role, and bins of it. */
export type RoleDocuments = ReadonlyMap<string, SignedTargets>

/** Whose role this is: `acme` of `acme` and of its bin `acme.bin-0f`. No publisher's name has a dot. */
export function publisherOf(role: string): string {
  return /^([^.]+)\.bin-[0-9a-f]+$/.exec(role)?.[1] ?? role
}

/** Whether this is a bin of a publisher's role, rather than the role. */
export function isBin(role: string): boolean {
  return publisherOf(role) !== role
}

/** The names of all bins, in the order of what they hold. TAP 15 */
export function binNames({ bit_length, name_prefix }: SuccinctRoles): string[] {
  const digits = Math.ceil(bit_length / 4)
  return Array.from(
    { length: 2 ** bit_length },
    (_, bin) => `${name_prefix}-${bin.toString(16).padStart(digits, '0')}`,
  )
}

/** The names of the bins that a publisher's role delegates to; none where it holds its releases itself. */
export function binsOf(role: Pick<Targets, 'delegations'> | undefined): ReadonlySet<string> {
  const bins = role?.delegations?.succinct_roles
  return new Set(bins && binNames(bins))
}

/** The role whose file has this target: the publisher's own, or the bin that the path falls into. */
export function roleFor(publisher: string, role: SignedTargets, path: string): string {
  const bins = role.delegations?.succinct_roles
  return bins ? binOf(bins, path).name : publisher
}

/** `log2` of a number of bins; 0 for `1`, which is no bins at all. Errors: `authority/bins`. */
export function binBits(bins: number): number {
  const bits = Math.log2(bins)
  if (Number.isInteger(bits) && bits <= mostBinBits) return bits
  const message = `cannot make ${bins} bins: not a power of two up to ${2 ** mostBinBits}`
  throw new AuthorityError('authority/bins', message, { bins })
}

/** What changes of a publisher's documents when these releases are added, each in the role that has it. */
export function addReleases(
  publisher: string,
  held: RoleDocuments,
  releases: readonly NamedTarget[],
): RoleDocuments {
  const role = documentOf(held, publisher)
  const changed = new Map<string, SignedTargets>()
  for (const { path, target } of releases) {
    const name = roleFor(publisher, role, path)
    changed.set(name, addRelease(changed.get(name) ?? documentOf(held, name), path, target))
  }
  return changed
}

/** Who signs a publisher's role, and the last version that the catalogue named of any role, 0 for none. */
export interface Spreading {
  readonly publisher: string
  readonly by: SigningRole
  readonly versionOf: (role: string) => number
  readonly now: Date
}

/**
 * A publisher's releases spread anew over 2^`bits` bins, or in its role's own file for 0 bits. The documents
 * have the versions that stand: the next ones are to be signed, all together.
 */
export function spreadReleases(
  { publisher, by, versionOf, now }: Spreading,
  held: RoleDocuments,
  bits: number,
): RoleDocuments {
  const { delegations: _, ...role } = documentOf(held, publisher)
  const targets = Object.assign({}, ...[...held.values()].map(one => one.targets))
  if (bits === 0) return new Map([[publisher, { ...role, targets }]])
  const row = toRoleRow(publisher, by)
  const bins = { ...row, bit_length: bits, name_prefix: `${publisher}.bin` }
  const delegations = { keys: keysOf([by]), succinct_roles: bins }
  const spread = new Map<string, SignedTargets['targets']>()
  for (const name of binNames(bins)) spread.set(name, {})
  for (const [path, target] of Object.entries(targets)) {
    Object.assign(spread.get(binOf(bins, path).name) ?? {}, { [path]: target })
  }
  return new Map([
    [publisher, { ...role, targets: {}, delegations }],
    ...[...spread].map(
      ([name, own]) => [name, makeDelegatedRole(versionOf(name), own, now)] as const,
    ),
  ])
}

function documentOf(held: RoleDocuments, name: string): SignedTargets {
  const found = held.get(name)
  if (found) return found
  throw new RangeError(`role ${name} is not held`)
}
