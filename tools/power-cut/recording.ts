import type { FleetMoment } from '../../packages/agent/src/testing/pretend-fleet.test.ts'
import { isCheckpointed } from './inspect.ts'
import { type Journey, launchingOf } from './journeys.ts'
import type { Laboratory } from './laboratory.ts'
import { liveShipped } from './lives.ts'
import { untilSeen } from './patience.ts'
import { isSame } from './published.ts'
import { forgetFirewall } from './reboot.ts'
import { RecordedDisk } from './recorded-disk.ts'
import { releasesOf } from './releases.ts'
import type { DiskEvent } from './shared-log.ts'
import { plugIn, writeStick } from './stick.ts'

/** A journey that was not cut: all that the disk was told, and what the fleet ordered. */
export interface Recording {
  readonly journey: Journey
  /** The disk before the agent started. */
  readonly before: Uint8Array
  readonly events: readonly DiskEvent[]
  /** The first of them that came after the agent was begun. */
  readonly from: number
  /** What the fleet knows when a cut device comes back: the order, and nothing of the journey. */
  readonly moment: FleetMoment
}

/** Plays a journey once, the shipped agent on a recorded disk. */
export async function record(
  laboratory: Laboratory,
  journey: Journey,
  before: Uint8Array,
  options: Parameters<typeof liveShipped>[1] = {},
): Promise<Recording> {
  const { folder, mountPoint, paths } = laboratory
  const moment = await orderOf(laboratory, journey)
  await using disk = await RecordedDisk.mount(before, folder, mountPoint)
  const from = disk.length
  await forgetFirewall()
  const life = await liveShipped(paths, { ...options, ...launchingOf(journey) })
  let to = from
  try {
    await journey.ask?.(paths)
    await settled(laboratory, journey)
    to = disk.length
  } catch (error) {
    throw new Error(`the journey ${journey.name} does not end: ${life.said()}`, { cause: error })
  } finally {
    await life.end()
  }
  return { journey, before, events: disk.events().slice(0, to), from, moment }
}

/** The state in which a journey begins: the laboratory's, with what is done to it. */
export async function beginningOf(laboratory: Laboratory, journey: Journey): Promise<Uint8Array> {
  const { image, paths } = laboratory
  const { prepare, isByStick, order } = journey
  if (prepare) return laboratory.changed(image, async () => prepare(paths))
  if (!isByStick || order === undefined) return image
  const stick = await writeStick(laboratory, order)
  return laboratory.changed(image, async () => plugIn(stick, paths))
}

/** Of an order that comes by stick the fleet knows the number, and tells the one before. */
async function orderOf(
  laboratory: Laboratory,
  { order, isByStick }: Journey,
): Promise<FleetMoment> {
  const { fleet, shelf, moment } = laboratory
  fleet.rewind({ ...moment, reports: [], events: [] })
  if (order) await fleet.give(releasesOf(shelf, order))
  if (isByStick) fleet.order = moment.order
  return fleet.moment
}

/** The device says that it runs what the journey ends in, and has nothing left to do. */
export async function settled(laboratory: Laboratory, journey: Journey): Promise<void> {
  const { fleet, paths } = laboratory
  const isOver = () => {
    const report = fleet.reports.at(-1)
    if (report === undefined || report.counter !== fleet.counter) return undefined
    const runs = Object.fromEntries(report.releases.map(one => [one.package, one.revision]))
    if (!journey.states.includes(report.state) || !isSame(runs, journey.end)) return undefined
    return isCheckpointed(paths) && (journey.isOver?.(paths) ?? true) ? true : undefined
  }
  await untilSeen(laboratory, `the end of ${journey.name}`, isOver)
}
