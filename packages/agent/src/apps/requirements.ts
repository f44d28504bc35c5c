import type { Controller } from './cgroup-homes.ts'
import { AppsError } from './error.ts'
import type { Floor } from './sandboxes.ts'

/** What an owner may insist on; without all of it no app is started. */
export const requirements = {
  uid: ({ uids }) => uids !== undefined,
  memory: hasController('memory'),
  processes: hasController('pids'),
  cpu: hasController('cpu'),
  firewall: ({ networks }) => networks !== undefined && typeof networks !== 'string',
  landlock: ({ landlock }) => 'options' in landlock,
} as const satisfies Readonly<Record<string, (floor: Floor) => boolean>>

export type Requirement = keyof typeof requirements

function hasController(name: Controller): (floor: Floor) => boolean {
  return ({ homes }) => homes.some(({ controllers }) => controllers.includes(name))
}

/** Whether a word names something that may be insisted on. */
export function isRequirement(word: string): word is Requirement {
  return Object.hasOwn(requirements, word)
}

/** What of the list this device does not have. */
export function lackingIn(floor: Floor): Requirement[] {
  return (Object.keys(requirements) as Requirement[]).filter(name => !requirements[name](floor))
}

/** Refuses a device that lacks what its owner insists on. */
export function refuseLacking(floor: Floor, required: readonly Requirement[]): void {
  const lacking = lackingIn(floor).filter(name => required.includes(name))
  if (lacking.length === 0) return
  const what = lacking.join(', ')
  const message = `cannot confine apps: this device lacks ${what}, which its owner requires`
  throw new AppsError('apps/no-sandbox', message, { what })
}
