import { listRoles } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { rolesOf } from '../role-lives.ts'

/** Keys and the documents they sign: who may sign what, and for how long it is good. */
export function handleCeremony(handle: Handle, house: House): void {
  handle(listRoles, async () => rolesOf(house))
}
