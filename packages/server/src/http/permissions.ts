import type { DeviceId } from '@steadfleet/domain'
import type { Needs } from '@steadfleet/protocol'
import { ServerError } from '../error.ts'

/** Who calls: nobody known, a device, or a person or machine under a role. */
export type Caller =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'device'; readonly device: DeviceId }
  | {
      readonly kind: 'person'
      readonly name: string
      readonly role: Role
      readonly session?: string
    }

export type Permission = Exclude<Needs, 'anyone' | 'device'>
export type Role = keyof typeof permissions

/** What each role may do. */
export const permissions = {
  operator: [
    'fleet:read',
    'fleet:write',
    'rollout:write',
    'release:read',
    'release:publish',
    'release:review',
    'settings:write',
  ],
  reviewer: ['fleet:read', 'release:read', 'release:review'],
  publisher: ['release:read', 'release:publish'],
  viewer: ['fleet:read', 'release:read'],
} as const satisfies Readonly<Record<string, readonly Permission[]>>

export function isRole(name: string): name is Role {
  return Object.hasOwn(permissions, name)
}

/** Refuses a caller that has not what a route needs. */
export function refuseUnpermitted(needs: Needs, caller: Caller): void {
  if (needs === 'anyone') return
  if (caller.kind === 'anyone') {
    throw new ServerError('request/not-signed-in', 'cannot answer: the request is of nobody known')
  }
  if (needs === 'device' ? caller.kind === 'device' : mayPerson(caller, needs)) return
  throw new ServerError('request/not-permitted', `cannot answer: this needs ${needs}`, { needs })
}

function mayPerson(caller: Caller, needs: Permission): boolean {
  if (caller.kind !== 'person') return false
  const allowed: readonly Permission[] = permissions[caller.role]
  return allowed.includes(needs)
}
