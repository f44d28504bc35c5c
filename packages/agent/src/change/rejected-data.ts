import { readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isCoded, isJsonObject, parseStrictJson, toDocument } from '@steadfleet/base'
import { toTimestamp } from '@steadfleet/domain'
import { removeAppFolder } from '../disk/app-folders.ts'
import { isThere, readIfThere, syncDirectory, writeDurably } from '../disk/durable.ts'
import { dataPath, type Paths, settingsPath } from '../disk/paths.ts'
import { isSystemError } from '../error.ts'
import type { World } from '../world.ts'

/** How long data that was put aside is kept, and by which clock. */
export interface Grace {
  readonly milliseconds: number
  readonly now: () => Date
}

/** So much of one package is kept at most, the newest. */
const mostOfPackage = 3

/** Data of a generation that the device went back from, or that was left for an earlier copy. */
export interface RejectedData {
  readonly package: string
  /** The generation whose data it was. */
  readonly generation: number
  readonly path: string
  /** When it was put aside. */
  readonly since: Date
}

/**
 * Puts the data of a generation aside, out of every app's way. Accepts that there is none, or that it
 * was put aside already: it is asked again after a cut.
 */
export async function rejectData(
  paths: Paths,
  packageName: string,
  generation: number,
  { now }: Grace,
): Promise<void> {
  const place = dataPath(paths, packageName, generation)
  await removeAppFolder(`${place}.partial`)
  await rm(settingsPath(paths, packageName, generation), { force: true })
  await note(`${place}.rejected`, now())
  try {
    await rename(place, `${place}.rejected`)
    await syncDirectory(dirname(place))
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
    if (!(await isThere(`${place}.rejected`))) await rm(`${place}.rejected.json`, { force: true })
  }
}

/** A full disk is no reason not to go back: the time is noted by whoever looks next. */
async function note(place: string, now: Date): Promise<void> {
  try {
    await writeDurably(`${place}.json`, toDocument({ since: toTimestamp(now) }))
  } catch (error) {
    if (!isCoded(error, 'agent/disk-full') && !isSystemError(error, 'ENOENT')) throw error
  }
}

/** All that is put aside, the oldest first. */
export async function listRejected(paths: Paths, { now }: Grace): Promise<RejectedData[]> {
  const found: RejectedData[] = []
  for (const directory of await readdir(paths.data)) {
    for (const name of await readdir(join(paths.data, directory))) {
      const generation = /^(\d+)\.rejected$/.exec(name)?.[1]
      if (generation === undefined) continue
      const path = join(paths.data, directory, name)
      const since = await sinceOf(path, now())
      const packageName = directory.replace('.', '/')
      found.push({ package: packageName, generation: Number(generation), path, since })
    }
  }
  return found.sort((a, b) => a.since.getTime() - b.since.getTime())
}

/** A note that is not there, torn, or of a time to come counts from now on. */
async function sinceOf(path: string, now: Date): Promise<Date> {
  const noted = await notedAt(`${path}.json`)
  if (noted !== undefined && noted <= now) return noted
  await note(path, now)
  return now
}

async function notedAt(path: string): Promise<Date | undefined> {
  const bytes = await readIfThere(path)
  try {
    const noted = parseStrictJson(bytes ?? new Uint8Array())
    const since = isJsonObject(noted) && typeof noted.since === 'string' ? noted.since : ''
    return Number.isNaN(Date.parse(since)) ? undefined : new Date(since)
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}

/** What a device says of data that it went back from. */
export interface RejectedLine extends Omit<RejectedData, 'since'> {
  readonly since: string
  readonly until: string
}

export async function sayRejected(paths: Paths, grace: Grace): Promise<RejectedLine[]> {
  return (await listRejected(paths, grace)).map(({ since, ...one }) => {
    const until = new Date(since.getTime() + grace.milliseconds)
    return { ...one, since: toTimestamp(since), until: toTimestamp(until) }
  })
}

const sweepMs = 6 * 3_600_000

/** What was put aside has its time, whether anything else happens or not. */
export async function dropExpiredForever(
  paths: Paths,
  grace: Grace,
  world: World,
  halt: AbortSignal,
): Promise<never> {
  for (;;) {
    await world.sleep(sweepMs, halt)
    await dropExpired(paths, grace)
  }
}

/** Removes what was put aside longer ago than the grace, and of a package all but the newest few. */
export async function dropExpired(paths: Paths, grace: Grace): Promise<void> {
  const all = await listRejected(paths, grace)
  const now = grace.now().getTime()
  const isOver = (one: RejectedData, i: number) => {
    const newer = all.slice(i + 1).filter(other => other.package === one.package)
    return now - one.since.getTime() >= grace.milliseconds || newer.length >= mostOfPackage
  }
  await dropAll(all.filter(isOver))
}

/** Gives up all that is put aside; false where there is nothing. */
export async function dropRejected(paths: Paths, grace: Grace): Promise<readonly RejectedData[]> {
  const all = await listRejected(paths, grace)
  await dropAll(all)
  return all
}

async function dropAll(rejected: readonly RejectedData[]): Promise<void> {
  for (const { path } of rejected) {
    await removeAppFolder(path)
    await rm(`${path}.json`, { force: true })
  }
}
