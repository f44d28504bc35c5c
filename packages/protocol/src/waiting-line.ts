import type { Waiting } from '@steadfleet/domain'

/** What an update is put off for, and how long at most: one line for people. */
export function toWaitingLine({ reasons, latest }: Waiting): string {
  return `${reasons.map(({ why }) => why).join('; ')}; at the latest until ${latest}`
}
