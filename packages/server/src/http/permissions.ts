import type { DeviceId, FleetName } from '@steadfleet/domain'
import { everyFleet, hasNeed, type Role, type RouteSpec, reachOf } from '@steadfleet/protocol'
import { ServerError } from '../error.ts'

/** What somebody is, by fleet; under {@link everyFleet} for all of them and for the server itself. */
export type Roles = ReadonlyMap<string, Role>

/** A person, or a machine that acts for one. */
export interface Person {
  readonly kind: 'person'
  readonly name: string
  readonly roles: Roles
  /** How it is known: a key that signed the request, a browser's session, or a machine's token. */
  readonly by: 'key' | 'session' | 'token'
  /** The id of the person, where a person stands behind it. */
  readonly person?: string
  /** The hash of the session’s token. */
  readonly session?: string
}

/** Who calls: nobody known, a device, or a person or machine in its roles. */
export type Caller = { readonly kind: 'anyone' } | Device | Person

export interface Device {
  readonly kind: 'device'
  readonly device: DeviceId
  /** The nonce of a request that the device's own key signed. */
  readonly nonce?: string
  /** Where it was signed in a session: whoever answers has it counted, before anything is done. */
  readonly session?: { readonly id: string; readonly sequence: number }
}

/** Refuses a caller that has not what a route needs, for all that the route reaches. */
export async function refuseUnpermitted(
  route: RouteSpec,
  caller: Caller,
  fleetOf: () => Promise<string | undefined>,
): Promise<void> {
  const { needs } = route
  if (needs === 'anyone') return
  if (caller.kind === 'anyone') {
    throw new ServerError('request/not-signed-in', 'cannot answer: the request is of nobody known')
  }
  if (await mayCall(route, caller, fleetOf)) return
  throw new ServerError('request/not-permitted', `cannot answer: this needs ${needs}`, { needs })
}

async function mayCall(
  route: RouteSpec,
  caller: Exclude<Caller, { kind: 'anyone' }>,
  fleetOf: () => Promise<string | undefined>,
): Promise<boolean> {
  const { needs } = route
  if (caller.kind === 'device') return needs === 'device'
  if (needs === 'signed-in') return true
  if (hasNeed(caller.roles.get(everyFleet), needs)) return true
  switch (reachOf(route)) {
    case 'the server':
      return false
    case 'any fleet':
      return [...caller.roles.values()].some(role => hasNeed(role, needs))
    case 'its fleet':
      return hasNeed(caller.roles.get((await fleetOf()) ?? ''), needs)
  }
}

/** The fleets that a caller may see; undefined where it may see every one. */
export function seenBy(caller: Caller): readonly FleetName[] | undefined {
  if (caller.kind !== 'person' || hasNeed(caller.roles.get(everyFleet), 'fleet:read')) {
    return undefined
  }
  const seen = [...caller.roles].filter(([, role]) => hasNeed(role, 'fleet:read'))
  return seen.map(([fleet]) => fleet as FleetName)
}

/** By which name a caller stands in what it did. */
export function nameOf(caller: Caller): string {
  if (caller.kind === 'device') return caller.device
  return caller.kind === 'person' ? caller.name : caller.kind
}
