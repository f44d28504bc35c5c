import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Conditions } from '@steadfleet/engine'
import { type Client, makeClient, type Transport } from '@steadfleet/protocol'
import { type AppExit, type Apps, type AppsOptions, Requiring } from './apps/index.ts'
import { ChangeRoom } from './change/change-room.ts'
import { DeviceHost } from './change/device-host.ts'
import { keptPackages, readGeneration } from './change/generations.ts'
import { JournalFile } from './change/journal-file.ts'
import { type Keeping, keepingUnder, type LocalKeeping } from './change/keeping.ts'
import { floorsOfGenerations } from './change/recover.ts'
import type { Grace } from './change/rejected-data.ts'
import type { Stores } from './change/stores.ts'
import { TreeCare } from './change/tree-care.ts'
import { makeDirectories } from './disk/durable.ts'
import { type Lock, takeLock } from './disk/lock.ts'
import type { Paths } from './disk/paths.ts'
import { Isolating } from './network/index.ts'
import { ChangeReporter } from './report/change-reporter.ts'
import { CrashReporter } from './report/crash-reporter.ts'
import { type NewEvent, Outbox } from './report/outbox.ts'
import { RefusalReporter } from './report/refusals.ts'
import { type SecretsOf, secretsIn } from './report/scrub.ts'
import { TroubleReporter } from './report/trouble-reporter.ts'
import { openSay, type Say } from './say/open-say.ts'
import { Self, type SelfFacts, unlaunched } from './self/self.ts'
import { refuseNewerState } from './self/state-format.ts'
import { Bandwidth } from './server/bandwidth.ts'
import { signingOf } from './server/enrol.ts'
import type { Pinning } from './server/http.ts'
import { runDeltaProcess } from './store/delta-process.ts'
import type { FetchContext } from './store/fetch-context.ts'
import { ObjectStore } from './store/objects.ts'
import { Scrub } from './store/scrub.ts'
import { TreeSeals } from './store/seals.ts'
import { type Source, Sources } from './store/sources.ts'
import { TreeStore } from './store/trees.ts'
import type { Enrolment } from './trust/enrolment.ts'
import { type Identity, readIdentity } from './trust/identity.ts'
import {
  orderedIsolation,
  orderedParts,
  serverKeysReader,
  updatePolicyReader,
} from './trust/ordered-policy.ts'
import { openSealingKey, secretTexts } from './trust/secrets.ts'
import { TrustState } from './trust/trust-state.ts'
import type { World } from './world.ts'

export interface AgentOptions {
  readonly paths: Paths
  readonly world: World
  readonly transport: Transport
  /** Has the transport know the server by its keys, where it can. */
  readonly pin?: Pinning['pin']
  /** Opens the apps of a state directory, none of which may start where `refuseDamaged` throws. */
  readonly openApps: (stateDir: string, refuseDamaged: RefuseDamaged) => Promise<Apps>
  readonly pid: number
  /** Which start of the machine this is: in another one every app begins anew. */
  readonly boot: string
  /** From where else, how fast and how much may be fetched; the server alone and as it comes without it. */
  readonly fetch?: FetchOptions
  /** How the device is; read from the system without it. */
  readonly conditions?: () => Conditions
  /** Whose members use this device: they may see how it is, and answer when it asks. */
  readonly group?: number | undefined
  /** The time zone in which its people live; UTC without it. */
  readonly zone?: () => string
  /** What this process is, and who launched it; none that another may take the place of without it. */
  readonly self?: SelfFacts
  /** How long data that was gone back from is kept at most, whatever the fleet says; a week if nobody does. */
  readonly rejectedDays?: number | undefined
  /** What else to say of this device in its reports. */
  readonly attributes: Readonly<Record<string, string>>
}

export interface FetchOptions {
  /** Origins of caches that have what the server has. */
  readonly mirrors: readonly string[]
  /** Origins of other devices that give their objects. */
  readonly peers: readonly string[]
  /** 0 for as many as come. */
  readonly bytesPerSecond: number
  /** See {@link Stores.limit}. */
  readonly storeLimit: number
  /** Where this device gives its objects to others, if it does. */
  readonly serve?: { readonly host: string; readonly port: number } | undefined
}

const plainFetch: FetchOptions = { mirrors: [], peers: [], bytesPerSecond: 0, storeLimit: 0 }

type RefuseDamaged = NonNullable<AppsOptions['refuseDamaged']>

/** What an agent is made of, over one state directory that it holds. */
export interface Parts {
  readonly lock: Lock
  readonly identity: Identity
  /** To which secrets of this device are sealed, in hexadecimal. */
  readonly sealingKey: string
  readonly enrolment: Enrolment
  readonly trust: TrustState
  readonly client: Client
  readonly outbox: Outbox
  readonly refusals: RefusalReporter
  readonly apps: Apps
  readonly file: JournalFile
  readonly journal: ChangeReporter
  readonly stores: Stores
  /** How much of what nothing needs is kept, by the order of now. */
  readonly keeping: () => Keeping
  readonly fetching: FetchContext
  readonly care: TreeCare
  readonly scrub: Scrub
  readonly host: DeviceHost
  readonly say: Say
  readonly self: Self
  readonly isolating: Isolating
  readonly requiring: Requiring
}

/** Takes the directory and opens all that lies in it. `leave` halts the agent that is made of it. */
export async function openParts(options: AgentOptions, leave: () => void): Promise<Parts> {
  const { paths, world, pid } = options
  await refuseNewerState(paths)
  const { identity, enrolment } = await readIdentity(paths)
  const lock = takeLock(paths, pid)
  try {
    await makeStateDirectories(paths)
    const self = await Self.open(paths, options.self ?? unlaunched, { boot: options.boot, leave })
    const sealingKey = await openSealingKey(paths)
    return await openUnderLock(options, { lock, identity, enrolment, self, sealingKey })
  } catch (error) {
    lock.release()
    world.log({ level: 'error', message: String(error) })
    throw error
  }
}

async function makeStateDirectories(paths: Paths): Promise<void> {
  // What was being laid out or taken apart is nobody's.
  await rm(paths.building, { recursive: true, force: true })
  await makeDirectories([paths.journal, paths.outbox, paths.building, paths.agent], 0o700)
  const open = [paths.objects, paths.incoming, paths.trees, paths.generations, paths.data]
  await makeDirectories(open, 0o755)
}

async function openUnderLock(
  options: AgentOptions,
  held: Pick<Parts, 'lock' | 'identity' | 'enrolment' | 'self' | 'sealingKey'>,
): Promise<Parts> {
  const { paths, world, transport } = options
  const { identity, enrolment, self } = held
  const { origin } = enrolment
  const client = makeClient({ origin, transport, signing: signingOf(identity) })
  const trust = await TrustState.open(paths, enrolment)
  const outbox = await Outbox.open(paths.outbox, world)
  const refusals = new RefusalReporter(event => outbox.add(event), world.monotonic)
  const suspect = (error: unknown) => void refusals.report(world, error)
  options.pin?.(origin, serverKeysReader(trust, enrolment.keys ?? [], suspect))
  const server = { name: origin, client, kind: 'server' } as const
  const policy = updatePolicyReader(trust, suspect)
  const keeping = () => keepingUnder(policy(), localKeeping(options))
  const { stores, fetching } = openStores(options, { server, suspect, keeping, trust })
  const { trees } = stores
  const file = await JournalFile.open(paths.journal, { device: identity.device, now: world.now })
  await trust.raise(await floorsOfGenerations(paths, file))
  const tell = (event: NewEvent) => outbox.add(event)
  const seals = new TreeSeals(paths, trees, world)
  const care = new TreeCare({ fetching, trees, seals, world, tell })
  const scrub = new Scrub({
    ...{ path: paths.scrub, fetching, trees, world },
    packages: () => keptPackages(paths),
    look: (packages, breath, stop) => care.look(packages, breath, stop),
    tell,
  })
  const apps = await options.openApps(paths.root, spec => care.refuseDamaged(spec))
  const state = () => file.state
  const say = await openSay({ ...options, trust, apps, state, tell, policy })
  const room = new ChangeRoom({ stores, fetching, tell })
  const acting = { apps, care, self, room, boot: options.boot, ...say }
  const host = new DeviceHost({ stores, world, trust, fetching, ...acting })
  const journal = tellChanges(options, { file, outbox, apps })
  const troubles = new TroubleReporter(outbox, world)
  apps.onTrouble(trouble => void troubles.report(trouble))
  const heeding = await openHeeding(paths, { trust, apps, tell, suspect })
  await tellDamage(outbox, file, trust)
  const known = { trust, client, outbox, refusals }
  const kept = { file, journal, stores, keeping, fetching, care, scrub }
  return { ...held, ...known, ...kept, apps, host, say, ...heeding }
}

/** What the orders say of networks, and of what there must be to confine with. */
async function openHeeding(
  paths: Paths,
  { trust, apps, tell, suspect }: Pick<Parts, 'trust' | 'apps'> & Telling,
): Promise<Pick<Parts, 'isolating' | 'requiring'>> {
  const isolating = await Isolating.open({
    path: paths.isolated,
    ordered: () => orderedIsolation(trust.sealedOrder, suspect),
    isolate: isolation => apps.isolate(isolation),
    tell,
  })
  apps.onAttempts(attempts => void isolating.attempted(attempts))
  const ordered = () => orderedParts(trust.sealedOrder, suspect)
  return { isolating, requiring: new Requiring({ apps, tell, ordered }) }
}

interface Telling {
  readonly tell: (event: NewEvent) => Promise<void>
  readonly suspect: (error: unknown) => void
}

function localKeeping({ rejectedDays, fetch }: AgentOptions): LocalKeeping {
  return { rejectedDays, storeLimit: fetch?.storeLimit }
}

interface StoreNeeds extends Pick<Parts, 'keeping' | 'trust'>, Pick<Telling, 'suspect'> {
  readonly server: Source
}

/** What is stored, and what brings more of it. An order may change at any time how much is kept. */
function openStores(
  { paths, world, transport, fetch = plainFetch }: AgentOptions,
  { server, suspect, keeping, trust }: StoreNeeds,
): { readonly stores: Stores; readonly fetching: FetchContext } {
  const { bytesPerSecond, mirrors, peers } = fetch
  const objects = new ObjectStore(paths)
  const trees = new TreeStore(paths, objects)
  const grace: Grace = {
    get milliseconds() {
      return keeping().rejectedDays * 86_400_000
    },
    now: () => trust.time(world.now()),
  }
  const stores: Stores = {
    ...{ paths, objects, trees, grace },
    get limit() {
      return keeping().storeLimit
    },
  }
  const bandwidth = bytesPerSecond > 0 ? new Bandwidth(bytesPerSecond, world) : undefined
  const throttle = async (bytes: number) => bandwidth?.take(bytes)
  const sources = new Sources({ server, transport, world, peers, mirrors, suspect })
  const applyDelta: FetchContext['applyDelta'] = (job, stop) => runDeltaProcess(paths, job, stop)
  return { stores, fetching: { sources, paths, objects, suspect, throttle, applyDelta } }
}

/** What becomes of the journal and of apps that end is told, without the secrets of the packages. */
function tellChanges(
  { paths, world }: AgentOptions,
  { file, outbox, apps }: Pick<Parts, 'file' | 'outbox' | 'apps'>,
): ChangeReporter {
  const secretsOf: SecretsOf = async of => [
    ...secretsIn(of.settings),
    ...(await secretTexts(paths, of)),
  ]
  const read = (number: number) => readGeneration(paths, number)
  const journal = new ChangeReporter(file, outbox, apps, secretsOf, read)
  listenToExits(apps, journal, new CrashReporter(outbox, world, secretsOf))
  return journal
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

async function tellDamage(outbox: Outbox, file: JournalFile, trust: TrustState): Promise<void> {
  if (file.damage) await outbox.add(damageEvent(file.damage))
  if (trust.torn.length > 0) await outbox.add(tornEvent(trust.torn))
}

function damageEvent({ line, lost, owner }: NonNullable<JournalFile['damage']>) {
  const what = owner === undefined ? `the journal from line ${line} on` : `the journal of ${owner}`
  const message = `cannot read ${what}: ${lost} lines are lost`
  return { kind: 'agent' as const, code: 'engine/record', message }
}

function tornEvent(torn: TrustState['torn']) {
  const message = `cannot read ${torn.map(path => basename(path)).join(', ')}: torn`
  return { kind: 'agent' as const, code: 'trust/torn-state', message }
}
