import { type ConfinementPart, confinementParts } from '@steadfleet/domain'
import type { Controller } from './cgroup-homes.ts'
import { AppsError } from './error.ts'
import type { Floor } from './sandboxes.ts'

/** Whether a device has what an owner may insist on; without all of it no app is started. */
export const requirements = {
  uid: ({ uids }) => uids !== undefined,
  memory: hasController('memory'),
  processes: hasController('pids'),
  cpu: hasController('cpu'),
  firewall: ({ networks }) => networks !== undefined && typeof networks !== 'string',
  devices: hasController('devices'),
  landlock: ({ landlock }) => 'options' in landlock,
} as const satisfies Readonly<Record<ConfinementPart, (floor: Floor) => boolean>>

function hasController(name: Controller): (floor: Floor) => boolean {
  return ({ homes }) => homes.some(({ controllers }) => controllers.includes(name))
}

/** Whether a word names something that may be insisted on. */
export function isRequirement(word: string): word is ConfinementPart {
  return Object.hasOwn(requirements, word)
}

/** What of the list this device does not have. */
export function lackingIn(floor: Floor): ConfinementPart[] {
  return confinementParts.filter(name => !requirements[name](floor))
}

/** The same as {@link refuseLacking} refuses, as a value. */
export function lackingOf(floor: Floor, required: readonly string[]): AppsError | undefined {
  try {
    refuseLacking(floor, required)
    return undefined
  } catch (error) {
    if (error instanceof AppsError) return error
    throw error
  }
}

/** Refuses a device that lacks what its owner insists on. */
export function refuseLacking(floor: Floor, required: readonly string[]): void {
  const lacking = required.filter(name => !isRequirement(name) || !requirements[name](floor))
  if (lacking.length === 0) return
  const what = lacking.join(', ')
  const message = `cannot confine apps: this device lacks ${what}, which its owner requires`
  throw new AppsError('apps/lacking', message, { what })
}
