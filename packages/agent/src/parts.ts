import { basename } from 'node:path'
import { type Client, makeClient, type Transport } from '@steadfleet/protocol'
import type { AppExit, Apps } from './apps/index.ts'
import { DeviceHost } from './change/device-host.ts'
import { readGeneration } from './change/generations.ts'
import { JournalFile } from './change/journal-file.ts'
import { floorsOfGenerations } from './change/recover.ts'
import { makeDirectories } from './disk/durable.ts'
import { type Lock, takeLock } from './disk/lock.ts'
import type { Paths } from './disk/paths.ts'
import { ChangeReporter } from './report/change-reporter.ts'
import { CrashReporter } from './report/crash-reporter.ts'
import { Outbox } from './report/outbox.ts'
import { RefusalReporter } from './report/refusals.ts'
import { TroubleReporter } from './report/trouble-reporter.ts'
import { signingOf } from './server/enrol.ts'
import type { FetchContext } from './store/fetch-tree.ts'
import { ObjectStore } from './store/objects.ts'
import { TreeStore } from './store/trees.ts'
import type { Enrolment } from './trust/enrolment.ts'
import { type Identity, readIdentity } from './trust/identity.ts'
import { TrustState } from './trust/trust-state.ts'
import type { World } from './world.ts'

export interface AgentOptions {
  readonly paths: Paths
  readonly world: World
  readonly transport: Transport
  readonly openApps: (stateDir: string) => Promise<Apps>
  readonly pid: number
  /** What else to say of this device in its reports. */
  readonly attributes: Readonly<Record<string, string>>
}

/** What an agent is made of, over one state directory that it holds. */
export interface Parts {
  readonly lock: Lock
  readonly identity: Identity
  readonly enrolment: Enrolment
  readonly trust: TrustState
  readonly client: Client
  readonly outbox: Outbox
  readonly refusals: RefusalReporter
  readonly apps: Apps
  readonly file: JournalFile
  readonly journal: ChangeReporter
  readonly stores: {
    readonly paths: Paths
    readonly objects: ObjectStore
    readonly trees: TreeStore
  }
  readonly fetching: FetchContext
  readonly host: DeviceHost
}

/** Takes the directory and opens all that lies in it. */
export async function openParts(options: AgentOptions): Promise<Parts> {
  const { paths, world, pid } = options
  const { identity, enrolment } = await readIdentity(paths)
  const lock = takeLock(paths, pid)
  try {
    await makeStateDirectories(paths)
    return await openUnderLock(options, lock, identity, enrolment)
  } catch (error) {
    lock.release()
    world.log({ level: 'error', message: String(error) })
    throw error
  }
}

async function makeStateDirectories(paths: Paths): Promise<void> {
  await makeDirectories([paths.journal, paths.outbox], 0o700)
  const open = [paths.objects, paths.incoming, paths.trees, paths.generations, paths.data]
  await makeDirectories(open, 0o755)
}

async function openUnderLock(
  options: AgentOptions,
  lock: Lock,
  identity: Identity,
  enrolment: Enrolment,
): Promise<Parts> {
  const { paths, world, transport } = options
  const { origin } = enrolment
  const client = makeClient({ origin, transport, signing: signingOf(identity) })
  const trust = await TrustState.open(paths, enrolment)
  const outbox = await Outbox.open(paths.outbox, world)
  const refusals = new RefusalReporter(event => outbox.add(event), world.monotonic)
  const objects = new ObjectStore(paths)
  const stores = { paths, objects, trees: new TreeStore(paths, objects) }
  const suspect = (error: unknown) => void refusals.report(world, error)
  const fetching = { client, paths, objects, suspect }
  const file = await JournalFile.open(paths.journal, world.now)
  await trust.raise(await floorsOfGenerations(paths, file))
  const apps = await options.openApps(paths.root)
  const host = new DeviceHost({ stores, apps, world, trust, fetching })
  const journal = new ChangeReporter(file, outbox, apps, number => readGeneration(paths, number))
  listenToExits(apps, journal, new CrashReporter(outbox, world))
  const troubles = new TroubleReporter(outbox, world)
  apps.onTrouble(trouble => void troubles.report(trouble))
  if (file.damage) await outbox.add(damageEvent(file.damage))
  if (trust.torn.length > 0) await outbox.add(tornEvent(trust.torn))
  const read = { identity, enrolment, trust, client, outbox, refusals }
  return { lock, ...read, apps, file, journal, stores, fetching, host }
}

function listenToExits(apps: Apps, journal: ChangeReporter, crashes: CrashReporter): void {
  apps.onExit((exit: AppExit) => {
    journal.lastExits.set(exit.package, exit)
    const { change } = journal.state
    const isOnTrial = change?.plan.steps.some(step => step.package === exit.package) ?? false
    // During a change an exit is part of what the probation judges and the failure tells.
    if (!isOnTrial) void crashes.report(exit)
  })
}

function damageEvent(damage: NonNullable<JournalFile['damage']>) {
  const message = `cannot read the journal from line ${damage.line} on: ${damage.lost} lines are lost`
  return { kind: 'agent' as const, code: 'engine/record', message }
}

function tornEvent(torn: TrustState['torn']) {
  const message = `cannot read ${torn.map(path => basename(path)).join(', ')}: torn`
  return { kind: 'agent' as const, code: 'trust/torn-state', message }
}
