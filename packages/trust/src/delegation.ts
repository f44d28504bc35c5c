import { digestOf, toHexDigest, toUtf8 } from '@steadfleet/base'
import type { Catalogue, TargetFile } from './catalogue.ts'
import { TrustError } from './error.ts'
import { toSigningRole } from './key.ts'
import type { Delegation, Delegations, SuccinctRoles, Targets } from './metadata.ts'
import { targetFile } from './role.ts'
import { loadTargets, type TargetsSource } from './targets.ts'

/** More roles than this are not asked about one path. TUF §5.6.7.1 */
const mostRoles = 64

/** A role to be asked, and how to come by its file. */
interface Visit {
  readonly role: string
  readonly publisher?: string
  readonly load: () => Promise<Targets>
}

/** Looks a path up, in the order the delegations state, loading only roles that may speak for it. */
export function makeFinder(source: TargetsSource, top: Targets): Catalogue['lookUp'] {
  return async path => {
    const asked = new Set<string>()
    const stack: Visit[] = [{ role: 'targets', load: async () => top }]
    for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
      if (asked.has(visit.role)) continue // §5.6.7.1: a cycle ends here
      refuseTooMany(path, asked.add(visit.role).size)
      const targets = await visit.load()
      const target = targetIn(source, targets, visit, path)
      if (target) return unlessRevoked(top, target)
      pushDelegates(stack, delegatesOf(source, targets, path), visit.publisher)
    }
    return undefined
  }
}

/** Those to ask next, in order of preference, and whether no other role may speak for the path. */
interface Delegates {
  readonly next: readonly Visit[]
  readonly isTerminating: boolean
}

function pushDelegates(stack: Visit[], { next, isTerminating }: Delegates, by?: string): void {
  if (isTerminating) stack.length = 0 // §5.6.7.2.1
  stack.push(...next.toReversed().map(one => ({ publisher: by ?? one.role, ...one })))
}

function delegatesOf(source: TargetsSource, targets: Targets, path: string): Delegates {
  const { delegations } = targets
  if (delegations === undefined) return { next: [], isTerminating: false }
  const matching = rolesFor(delegations, path)
  const end = matching.findIndex(role => role.terminating)
  const chosen = end < 0 ? matching : matching.slice(0, end + 1)
  const next = chosen.map(role => ({
    role: role.name,
    load: () => loadTargets(source, role.name, toSigningRole(delegations.keys, role)),
  }))
  return { next, isTerminating: end >= 0 }
}

/** The roles that may speak for the path, in the order they are stated; of bins, the path's own. */
function rolesFor({ roles, succinct_roles }: Delegations, path: string): readonly Delegation[] {
  return succinct_roles
    ? [binOf(succinct_roles, path)]
    : (roles ?? []).filter(role => maySpeakFor(role, path))
}

/** The bin of a path: the first bits of its digest, in as many hexadecimal digits. TAP 15 */
export function binOf(bins: SuccinctRoles, path: string): Delegation {
  const { bit_length, name_prefix, ...role } = bins
  const bin = Number.parseInt(digestOfPath(path).slice(0, 8), 16) >>> (32 - bit_length)
  const digits = Math.ceil(bit_length / 4)
  const name = `${name_prefix}-${bin.toString(16).padStart(digits, '0')}`
  return { ...role, name, terminating: true }
}

function targetIn(
  { root }: TargetsSource,
  targets: Targets,
  { role, publisher = role }: Visit,
  path: string,
): TargetFile | undefined {
  const found = targets.targets.get(path)
  if (found === undefined) return undefined
  const { length, hashes, custom } = found
  const file = targetFile(root, path, hashes)
  return { path, length, hashes, custom: custom ?? {}, role, publisher, file }
}

/** The catalogue has the last word: what its targets revoke counts for nothing, whoever signs it. */
function unlessRevoked({ revoked = [] }: Targets, target: TargetFile): TargetFile {
  const digest = `sha256:${target.hashes.sha256}`
  if (!revoked.includes(digest)) return target
  const message = `cannot run ${target.path}: its catalogue revoked ${digest}`
  throw new TrustError('trust/revoked', message, { path: target.path, digest })
}

/** Whether a delegation covers a path: by pattern, or by the prefix of its digest. TUF §4.5 */
export function maySpeakFor(delegation: Delegation, path: string): boolean {
  if (delegation.paths) return delegation.paths.some(pattern => matchesPattern(pattern, path))
  const digest = digestOfPath(path)
  return delegation.path_hash_prefixes?.some(prefix => digest.startsWith(prefix)) ?? false
}

function digestOfPath(path: string): string {
  return toHexDigest(digestOf(toUtf8(path)))
}

/** Shell-style `*` and `?`, neither of which crosses a slash. TUF §4.5, PATHPATTERN */
export function matchesPattern(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const found = path.split('/')
  return (
    wanted.length === found.length && wanted.every((part, i) => matchesPart(part, found[i] ?? ''))
  )
}

/** Goes back to the last star only, so that the time is bounded by the product of the lengths. */
function matchesPart(pattern: string, part: string): boolean {
  let star = -1
  let resume = 0
  let p = 0
  for (let i = 0; i < part.length; ) {
    if (pattern[p] === '*') {
      star = p++
      resume = i
    } else if (pattern[p] === '?' || pattern[p] === part[i]) {
      p++
      i++
    } else if (star >= 0) {
      p = star + 1
      i = ++resume
    } else return false
  }
  return /^\**$/.test(pattern.slice(p))
}

function refuseTooMany(path: string, asked: number): void {
  if (asked <= mostRoles) return
  const message = `cannot look up ${path}: over ${mostRoles} roles may speak for it`
  throw new TrustError('trust/endless-data', message, { path })
}
