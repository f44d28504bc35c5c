import type { PersonView } from '@steadfleet/protocol'
import { everyFleet, hasNeed, type Permission } from '@steadfleet/protocol'

/** What somebody is, in words. */
export function inWords(roles: PersonView['roles']): string {
  return Object.entries(roles)
    .map(([fleet, role]) => (fleet === everyFleet ? role : `${role} of ${fleet}`))
    .join(', ')
}

/** Whether somebody may do something on the server as a whole. */
export function mayOnServer(roles: PersonView['roles'], needs: Permission): boolean {
  return hasNeed(roles[everyFleet], needs)
}
