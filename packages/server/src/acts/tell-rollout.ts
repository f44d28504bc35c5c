import type { ChannelName, FleetName, NoticeKind, PackageName } from '@steadfleet/domain'
import type { RolloutRow } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'
import { notify } from './notices.ts'

type RolloutNotice = Extract<NoticeKind, `rollout.${string}`>
type Told = Pick<RolloutRow, 'id' | 'fleet' | 'package' | 'revision' | 'channel'>

/** Tells people what became of a rollout. */
export function tellRollout(
  db: Db,
  kind: RolloutNotice,
  rollout: Told,
  said: { readonly why: string; readonly now: string },
): Promise<void> {
  const { id, fleet, revision } = rollout
  const data = {
    ...{
      fleet: fleet as FleetName,
      rollout: id,
      package: rollout.package as PackageName,
      revision,
    },
    ...{ channel: rollout.channel as ChannelName, why: said.why },
  }
  return notify(db, { kind, fleet, data, now: said.now })
}
