import type { UpdatePolicy } from '@steadfleet/domain'
import type { Conditions, EngineState } from '@steadfleet/engine'
import type { Apps } from '../apps/index.ts'
import type { Paths } from '../disk/paths.ts'
import { ChangeHistory } from '../report/change-history.ts'
import type { NewEvent } from '../report/outbox.ts'
import type { TrustState } from '../trust/trust-state.ts'
import type { World } from '../world.ts'
import { readConditions, sourcesFor } from './conditions.ts'
import { Gate } from './gate.ts'
import { Leases } from './leases.ts'
import { OwnSayFile } from './own-say-file.ts'

export interface SayOptions {
  readonly paths: Paths
  readonly world: World
  readonly trust: TrustState
  readonly apps: Apps
  readonly state: () => EngineState
  readonly tell: (event: NewEvent) => Promise<void>
  /** What the last accepted order says of updates. */
  readonly policy: () => UpdatePolicy
  /** How the device is; read from the system without it. */
  readonly conditions?: () => Conditions
  /** The time zone in which its people live; UTC without it. */
  readonly zone?: () => string
}

/** Who has a say in when this device changes. */
export interface Say {
  readonly own: OwnSayFile
  readonly leases: Leases
  readonly gate: Gate
  readonly history: ChangeHistory
  readonly conditions: () => Conditions
  /** The device's best word on what time it is. */
  readonly time: () => Date
  readonly policy: () => UpdatePolicy
}

export async function openSay(options: SayOptions): Promise<Say> {
  const { paths, world, trust, apps, tell, policy } = options
  const own = await OwnSayFile.open(paths)
  const leases = new Leases({ paths, world, apps })
  const sources = sourcesFor(paths.root)
  const history = await ChangeHistory.open(paths, world)
  const conditions = options.conditions ?? (() => readConditions(sources))
  const time = () => trust.time(world.now())
  const gate = new Gate({
    world,
    own,
    leases,
    policy,
    tell,
    // Somebody stands before the device and went back by hand.
    isByHand: ({ plan }) => options.state().revert?.counter === plan.counter,
    time,
    conditions,
    zone: options.zone ?? (() => 'UTC'),
  })
  return { own, leases, gate, history, conditions, time, policy }
}
