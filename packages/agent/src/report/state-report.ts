import type { DeviceId, OwnIsolations, StateReport, Waiting } from '@steadfleet/domain'
import { digestOfSettings, toTimestamp } from '@steadfleet/domain'
import type { EngineState } from '@steadfleet/engine'
import type { Apps } from '../apps/index.ts'
import type { RunningPackage } from '../self/running-packages.ts'

export interface ReportFacts {
  readonly device: DeviceId
  readonly sequence: number
  readonly now: Date
  readonly counter: number
  readonly state: EngineState
  readonly generation: number
  readonly packages: readonly RunningPackage[]
  readonly apps: Apps
  readonly attributes: Readonly<Record<string, string>>
  /** To which secrets are sealed, in hexadecimal. */
  readonly sealingKey: string
  /** What a change that is prepared waits for. */
  readonly waiting: Waiting | undefined
  /** What it isolated by itself. */
  readonly isolated: OwnIsolations
}

/** What the device says of itself: the generation in force, and how far a change is. */
export function makeReport(facts: ReportFacts): StateReport {
  const { state, apps, isolated } = facts
  return {
    type: 'report',
    format: 1,
    device: facts.device,
    sequence: facts.sequence,
    at: toTimestamp(facts.now),
    counter: facts.counter,
    generation: facts.generation,
    state: state.change?.state ?? state.standing,
    releases: facts.packages.map(one => ({
      package: one.package,
      revision: one.revision,
      version: one.version,
      tree: one.tree.digest,
      ...(one.settings && { settings: digestOfSettings(one.settings) }),
    })),
    apps: apps.status().map(({ package: name, app, state: is, restarts }) => ({
      package: name,
      app,
      state: is,
      restarts,
    })),
    sealingKey: facts.sealingKey,
    ...(facts.waiting && { waiting: facts.waiting }),
    ...(Object.keys(isolated).length > 0 && { isolated }),
    attributes: { ...apps.describeConfinement(), ...facts.attributes, ...wordOfRevert(facts) },
  }
}

/** Why the device does not run what it is ordered, where its owner went back from it. */
function wordOfRevert({ state: { revert }, counter }: ReportFacts): Record<string, string> {
  if (revert === undefined || revert.counter !== counter) return {}
  return { reverted: `to generation ${revert.to}, from order ${counter}` }
}
