import { existsSync, readFileSync } from 'node:fs'
import { packageParams } from '../packages/cli/src/fleet/find.ts'
import type { Fleet } from '../packages/cli/src/fleet/open.ts'
import { type Child, launch } from '../packages/cli/src/process/child.ts'
import type { DeviceId, PackageName } from '../packages/domain/src/index.ts'
import {
  type DeviceView,
  deviceTimeline,
  type FailureView,
  type TimelineEntry,
  tryRelease,
} from '../packages/protocol/src/index.ts'
import { pageAt } from './page.ts'
import type { Middleman } from './proxy.ts'
import type { Until } from './sight.ts'
import { wayIn } from './way-in.ts'

/** One real device under attack: its agent reaches the server through a proxy of its own. */
export interface Besieged {
  readonly name: string
  readonly id: DeviceId
  readonly state: string
  readonly proxy: Middleman
  readonly port: number
  /** Starts its agent, with more words on its command line where they are given, until it is ready. */
  start(environment?: Environment, words?: readonly string[]): Promise<Child>
  agent(): Child
  /** Orders a revision on this device alone; nobody takes the order back. */
  order(revision: number, name?: PackageName): Promise<void>
  view(): Promise<DeviceView>
  /** What its app serves, or why it does not. */
  page(): Promise<string>
  /** Takes away what this machine needed to see its page. */
  shutWay(): void
  /** Waits until its app serves this revision, whatever the server knows of it. */
  serves(revision: number): Promise<void>
  /** Waits until it committed the revision and serves it. */
  runs(revision: number): Promise<void>
  /** The first security event of this device whose code is as expected; it must be proved. */
  refusal(code: RegExp): Promise<TimelineEntry>
  failure(holds: (view: FailureView) => boolean): Promise<FailureView>
  /** Waits until the device told that its app misbehaves so, short of ending. */
  trouble(kind: string): Promise<TimelineEntry>
  log(): string
}

export const page = 'acme/page' as PackageName

export type Environment = Readonly<Record<string, string>>

/** What is where, and which program it runs. */
export interface Place extends Pick<Besieged, 'name' | 'id' | 'proxy' | 'state' | 'port'> {
  /** The one-file agent. */
  readonly program: string
  readonly log: string
}

/** The ground a device stands on. */
export interface Ground {
  readonly fleet: Fleet
  readonly until: Until
  /** Hears of each agent that was started, so that it can be ended. */
  readonly keep: (child: Child) => void
}

export function makeBesieged({ fleet, until, keep }: Ground, place: Place): Besieged {
  const { name, id, state, port } = place
  const way = wayIn(state, port)
  let agent: Child | undefined
  const ofPage = () => {
    way.open()
    return pageAt(port)
  }
  const serves = async (revision: number): Promise<void> => {
    const isServed = async () => (await ofPage()).startsWith(`revision ${revision}\n`) || undefined
    await until(`revision ${revision} on the page of ${name}`, isServed)
  }
  return {
    ...place,
    start: async (environment, words = []) => {
      const run = [process.execPath, place.program, 'run', '--state', state, '--json', ...words]
      agent = launch({
        name: `the agent of ${name}`,
        command: ['/usr/bin/env', ...variables(environment), ...run],
        log: place.log,
        isReady: line => line.includes('"ready":true'),
      })
      keep(agent)
      await agent.first
      return agent
    },
    agent: () => agent ?? neverStarted(name),
    order: async (revision, of = page) => {
      const params = { device: id, ...packageParams(of) }
      await fleet.client.call(tryRelease, { params, body: { revision } })
    },
    view: () => until(name, ({ devices }) => devices.find(one => one.id === id)),
    page: ofPage,
    shutWay: way.close,
    serves,
    runs: async revision => {
      await until(`${name} at revision ${revision}`, ({ devices }) => {
        const view = devices.find(one => one.id === id)
        const held = view?.releases.find(one => one.package === page)
        const isSettled = view?.state === 'committed' && view.counter === view.orderedCounter
        return (isSettled && held?.revision === revision) || undefined
      })
      await serves(revision)
    },
    refusal: code =>
      until(`a refusal of ${name}`, ({ security }) =>
        security.find(
          one => one.device === id && one.hasEvidence && code.test(one.event.code ?? ''),
        ),
      ),
    failure: holds =>
      until(`a failure of ${name}`, ({ failures }) =>
        failures.find(one => one.device === id && holds(one)),
      ),
    trouble: kind =>
      until(`an app of ${name} that ${kind}`, async () => {
        const told = await fleet.client.call(deviceTimeline, { params: { device: id } })
        return told.find(({ event }) => event.details?.trouble === kind)
      }),
    log: () => (existsSync(place.log) ? readFileSync(place.log, 'utf8') : ''),
  }
}

export function variables(environment: Environment = {}): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`)
}

function neverStarted(name: string): never {
  throw new RangeError(`the agent of ${name} was never started`)
}
