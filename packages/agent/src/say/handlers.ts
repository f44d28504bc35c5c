import { type PackageName, toTimestamp } from '@steadfleet/domain'
import type { EngineState, Generation } from '@steadfleet/engine'
import type { LocalStatus, LocalUpdate } from '@steadfleet/protocol'
import type { Apps } from '../apps/index.ts'
import type { Keeping } from '../change/keeping.ts'
import type { RejectedLine } from '../change/rejected-data.ts'
import type { Reverting, RevertOptions } from '../change/revert.ts'
import { consent, holdUpdates, resumeUpdates, setMetered, updateNow } from './acts.ts'
import type { LocalHandlers } from './api-server.ts'
import { explain } from './explain.ts'
import type { Say } from './open-say.ts'

/** What the device's own interface needs of the agent. */
export interface Local {
  readonly say: Say
  readonly apps: Apps
  readonly identity: () => Pick<LocalStatus, 'device' | 'name' | 'origin' | 'log' | 'counter'>
  readonly state: () => EngineState
  readonly current: () => Promise<Generation>
  readonly keeping: () => Keeping
  readonly rejected: () => Promise<readonly RejectedLine[]>
  readonly revert: (options: RevertOptions) => Promise<Reverting>
  /** Tries again what failed, and asks the server for what is new. */
  readonly retry: () => Promise<void>
  /** Packages that are not tried again as they are ordered. */
  readonly failedBefore: () => readonly PackageName[]
  readonly trouble: () => { readonly message: string; readonly at: string } | undefined
}

/** What each route of the device's own interface does. */
export function handlersFor(local: Local): LocalHandlers {
  const { say, apps, revert } = local
  return {
    status: () => statusOf(local),
    why: async () => ({ says: explain(await explained(local)) }),
    changes: async ({ query }) => ({
      changes: [...say.history.changes.slice(0, Number(query.limit ?? 20))],
    }),
    log: async ({ query }) => ({
      lines: await apps.log(query.package, query.app, Number(query.lines ?? 50)),
    }),
    consent: async ({ body }) => {
      await consent(say, body, say.time())
      return { answered: true }
    },
    hold: async ({ body }) => {
      await holdUpdates(say, body.until)
      return { hold: { until: body.until ?? null } }
    },
    resume: async () => {
      await resumeUpdates(say)
      return { hold: null }
    },
    updateNow: async () => {
      const update = updateIn(say, local.state())
      if (update === null) await local.retry()
      else await updateNow(say)
      return { update }
    },
    metered: async ({ body }) => {
      await setMetered(say, body.metered)
      return { metered: isMetered(say) }
    },
    revert: async ({ body }) => {
      const reverting = await revert(body)
      const packages = reverting.packages.map(one => ({ ...one }))
      return { ...reverting, packages, restored: [...reverting.restored] }
    },
  }
}

async function statusOf(local: Local): Promise<LocalStatus> {
  const { say, apps, identity, state, current } = local
  const { number, packages } = await current()
  const { change, standing } = state()
  const { batteryPercent, loadPercent } = say.conditions()
  const keeps = local.keeping()
  const { hold } = say.own.value
  return {
    ...identity(),
    at: toTimestamp(say.time()),
    generation: number,
    state: change?.state ?? standing,
    packages: packages.map(({ package: name, revision, version }) => {
      return { package: name, revision, version }
    }),
    apps: [...apps.status()],
    update: updateIn(say, state()),
    hold: hold ? { until: hold.until ?? null } : null,
    metered: isMetered(say),
    battery: batteryPercent ?? null,
    load: loadPercent ?? null,
    policy: say.policy(),
    keeps: { 'rejected-days': keeps.rejectedDays, 'store-limit-bytes': keeps.storeLimit },
    rejected: [...(await local.rejected())],
  }
}

/** After its end it is one no more, though the gate hears of that a moment later. */
function updateIn({ gate }: Say, { change }: EngineState): LocalUpdate | null {
  const { update, waiting } = gate
  if (update === undefined || change === undefined || change.isOver) return null
  const packages = update.packages.map(one => ({ ...one }))
  return { id: update.id, packages, waiting: waiting ?? null }
}

function isMetered({ own, conditions }: Say): boolean {
  return own.value.metered ?? conditions().isMetered
}

async function explained(local: Local) {
  const status = await statusOf(local)
  const { refused, revert } = local.state()
  const isOf = (counter: number | undefined) => counter === status.counter
  const revertedTo = isOf(revert?.counter) ? revert?.to : undefined
  const last = local.say.history.changes[0]
  const here = isOf(refused.counter) ? refused.packages : []
  const before = isOf(revert?.counter) ? [] : local.failedBefore()
  const failedBefore = [...new Set([...here, ...before])].sort()
  return { status, last, failedBefore, revertedTo, trouble: local.trouble() }
}
