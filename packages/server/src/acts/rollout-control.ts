import type { Control } from '@steadfleet/rollout'
import { textIn } from '../store/json-in.ts'
import type { RolloutRow } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'

/** Nobody to compare with. */
export const noControl: Control = { watched: 0, crashed: 0, silent: 0 }

/**
 * What devices that a rollout has not moved yet went through since it began: crashes of the package as they run
 * it, and silence of who was heard before.
 */
export async function controlOf(db: Db, rollout: RolloutRow): Promise<Control> {
  const since = rollout.created_at
  const unmoved = db
    .selectFrom('move')
    .innerJoin('device', 'device.id', 'move.device')
    .where('move.rollout', '=', rollout.id)
    .where('move.state', '=', 'waiting')
    .where(eb => eb.or([eb('silent_since', 'is', null), eb('silent_since', '>=', since)]))
  const { watched, silent } = await unmoved
    .select(({ fn }) => [
      fn.countAll<number>().as('watched'),
      fn.count<number>('silent_since').as('silent'),
    ])
    .executeTakeFirstOrThrow()
  const { crashed } = await unmoved
    .innerJoin('event', 'event.device', 'device.id')
    .where('event.kind', '=', 'failure')
    .where('event.received_at', '>=', since)
    .where(textIn(db, 'event.json', 'failure', 'kind'), 'in', crashKinds)
    .where(textIn(db, 'event.json', 'failure', 'package'), '=', rollout.package)
    .select(({ fn }) => fn.count<number>('device.id').distinct().as('crashed'))
    .executeTakeFirstOrThrow()
  return { watched, silent, crashed }
}

/** Failures of an app that its supervisor mended by starting it again. */
export const crashKinds: readonly string[] = ['crash', 'out of memory']
