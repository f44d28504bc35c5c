import type { UpdatePolicy } from '@steadfleet/domain'

/** How much a device keeps of what nothing needs any more. */
export interface Keeping {
  /** Of data that was gone back from. */
  readonly rejectedDays: number
  /** Bytes that the store may take; 0 keeps nothing that is not needed, and bounds nothing. */
  readonly storeLimit: number
}

/** What the agent was started with; what it leaves out is the fleet's to say. */
export type LocalKeeping = { readonly [K in keyof Keeping]?: number | undefined }

const usualRejectedDays = 7

/** What the fleet says, and no more than the device itself was told: its disk is its own. */
export function keepingUnder(policy: UpdatePolicy, local: LocalKeeping): Keeping {
  const days = [policy['keep-rejected-days'], local.rejectedDays].filter(isSaid)
  const limits = [policy['store-limit-bytes'], local.storeLimit || undefined].filter(isSaid)
  return {
    rejectedDays: days.length === 0 ? usualRejectedDays : Math.min(...days),
    storeLimit: limits.length === 0 ? 0 : Math.min(...limits),
  }
}

function isSaid(value: number | undefined): value is number {
  return value !== undefined
}
