import type { Needs, RouteSpec } from './route.ts'

export type Permission = Exclude<Needs, 'anyone' | 'device' | 'signed-in'>

const reading = ['fleet:read', 'release:read'] as const
const operating = ['fleet:write', 'rollout:write', 'settings:write', 'release:review'] as const
const administering = ['server:administer', 'people:read', 'people:write', 'audit:read'] as const

/** What each kind of person, or machine, may do. */
export const permissions = {
  viewer: reading,
  auditor: [...reading, 'people:read', 'audit:read'],
  publisher: ['release:read', 'release:publish'],
  operator: [...reading, ...operating],
  administrator: [...reading, ...operating, 'release:publish', ...administering],
} as const satisfies Readonly<Record<string, readonly Permission[]>>

/** What a person is to a fleet, or to all of a server. */
export type Role = keyof typeof permissions

export const roleNames = Object.keys(permissions) as readonly Role[]

/** Where a role counts for every fleet and for the server itself. */
export const everyFleet = '*'

/**
 * For what a role must be held: the fleet that the path names, by itself, a device, a rollout or an event of
 * it; any fleet at all, of which the reply then tells; or the whole server.
 */
export type Reach = 'its fleet' | 'any fleet' | 'the server'

export function reachOf({ path, needs, isAcrossFleets }: RouteSpec): Reach {
  if (/:(fleet|device|rollout|event|defect)\b/.test(path)) return 'its fleet'
  // What is published is published for everybody: reading of it is bound to no fleet.
  const isForAny = isAcrossFleets || needs === 'signed-in' || needs === 'release:read'
  return isForAny ? 'any fleet' : 'the server'
}

export function isRole(name: string): name is Role {
  return Object.hasOwn(permissions, name)
}

/** Whether a role has what a route needs, where it is held. */
export function hasNeed(role: Role | undefined, needs: Needs): boolean {
  if (role === undefined || needs === 'device') return false
  if (needs === 'anyone' || needs === 'signed-in') return true
  const held: readonly Permission[] = permissions[role]
  return held.includes(needs)
}

/** Whoever can call: nobody known, a device, or somebody in a role. */
export type CallerKind = 'no one' | 'device' | Role

export const callerKinds: readonly CallerKind[] = ['no one', 'device', ...roleNames]

/** Whether this kind of caller may call a route, where it holds its role for all that the route reaches. */
export function mayKindCall(kind: CallerKind, { needs }: Pick<RouteSpec, 'needs'>): boolean {
  if (needs === 'anyone') return true
  if (kind === 'no one' || kind === 'device') return needs === kind
  return hasNeed(kind, needs)
}
