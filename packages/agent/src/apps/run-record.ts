import { readdirSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { PackageName } from '@steadfleet/domain'
import type { AppSpec } from './apps.ts'
import type { Cgroup } from './cgroups.ts'
import { isMissing, readIfThere, writeWhole } from './files.ts'

/** What an agent writes down before it starts an app, so that its successor can take over. */
export interface RunRecord {
  readonly spec: AppSpec
  readonly cgroup: Cgroup
  /** Which start of the machine; process numbers mean nothing in another. */
  readonly boot: string
  /** The cgroup's count of out-of-memory kills when the run began. */
  readonly outOfMemoryKills: number
  readonly restarts: number
  /** The network namespace in which it runs; absent where that is the device's, or its own alone. */
  readonly namespace?: string
  /** The run has ended, and whoever listens was told. */
  readonly isTold?: boolean
}

/** Where the runs of one app are kept. A publisher's name holds no dot, so no two names meet. */
export function runFolder(stateDir: string, packageName: PackageName, app: string): string {
  return join(stateDir, 'apps', packageName.replace('/', '.'), app)
}

/** The name of an app's cgroup. */
export function cgroupName(packageName: string, app: string): string {
  return `${packageName.replace('/', '.')}.${app}`
}

export async function writeRecord(folder: string, record: RunRecord): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeWhole(join(folder, 'run.json'), JSON.stringify(record))
}

export function readRecord(folder: string): RunRecord | undefined {
  const text = readIfThere(join(folder, 'run.json'))
  return text === undefined ? undefined : completed(JSON.parse(text))
}

/** Agents of before requests had members wrote the names of what is opened down, and no requests. */
function completed(record: RunRecord): RunRecord {
  const { interfaces, ...spec } = record.spec as AppSpec & { interfaces?: readonly string[] }
  if (interfaces === undefined) return record
  return { ...record, spec: { ...spec, opened: interfaces.map(name => ({ interface: name })) } }
}

/** Forgets the run; what the app said is kept. */
export async function clearRecord(folder: string): Promise<void> {
  for (const name of ['run.json', 'state']) {
    await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** Every run that an agent of this state directory has written down. */
export function readRecords(stateDir: string): RunRecord[] {
  const root = join(stateDir, 'apps')
  return foldersIn(root)
    .flatMap(name => foldersIn(join(root, name)).map(app => join(root, name, app)))
    .flatMap(folder => readRecord(folder) ?? [])
}

/** Whether two specs are one: an app that runs by the one need not be started by the other. */
export function isSameSpec(a: AppSpec, b: AppSpec): boolean {
  // As JSON, since an absent member and an undefined one are the same spec.
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))
}

export function currentBoot(): string {
  return readIfThere('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap(entry =>
      entry.isDirectory() ? [entry.name] : [],
    )
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
