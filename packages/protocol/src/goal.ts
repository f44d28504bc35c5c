import type { Rollout } from '@steadfleet/domain'

/** What a rollout moves devices to, in words: a revision, or other settings. */
export function goalOf({ revision, settings }: Pick<Rollout, 'revision' | 'settings'>): string {
  return settings === undefined ? `revision ${revision}` : `settings (change ${settings})`
}
