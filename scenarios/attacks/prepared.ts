import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  makeDelegatedRole,
  makePolicy,
  makeTargets,
  nextVersion,
  readSigned,
  signerFromSeed,
  signMetadata,
  signStatement,
  toEnvelopeBytes,
  toPkcs8Pem,
} from '../../packages/authority/src/index.ts'
import type { Home } from '../../packages/cli/src/fleet/home.ts'
import { buildAgentIfStale } from '../../packages/cli/src/process/agent-build.ts'
import { checkout } from '../../packages/cli/src/process/checkout.ts'
import { parseEnvelopeBytes, payloadTypes, reopenPolicy } from '../../packages/trust/src/index.ts'
import type { PageChange } from '../page.ts'
import type { Sleeper } from '../siege.ts'
import { Siege } from '../siege.ts'
import { signOnline } from './forge.ts'
import { openVault, type Vault } from './vault.ts'

/** A folder with a fleet that rests, and the devices in it. */
export interface Prepared {
  readonly directory: string
  readonly devices: readonly Pick<Sleeper, 'name' | 'id'>[]
}

/** Most rows are of a fleet without a log, so that it is the row's own defence that refuses. */
export type FleetLog = 'none' | 'own'

/** Below the floor; what both devices run; the next honest releases; two that come in bundles. */
export const revisions = {
  old: 1,
  held: 2,
  next: 3,
  afterNext: 4,
  bundled: 5,
  otherBundled: 6,
} as const

/** A page that is well as soon as it runs: no row is about waiting. */
const calm = { probationSeconds: 1, isWatched: false, hasSecret: true }

/** So many files are new in it that a device asks for a bundle. */
function manyFiles(revision: number): PageChange {
  const file = (i: number) => [`${i}.txt`, `file ${i} of revision ${revision}\n`] as const
  return { ...calm, files: Object.fromEntries(Array.from({ length: 6 }, (_, i) => file(i))) }
}

const home = join(checkout, 'build/attacks')
const sources = [
  'packages/{agent,authority,base,bundle,cli,confine,domain,engine,evidence,protocol,rollout,server,signer,trust}/src/**/*.ts',
  'scenarios/*.ts',
  'scenarios/attacks/{forge,prepared,vault}.ts',
]

/** A copy of a fleet of two devices that both run revision 2, with 3 to 6 published. */
export async function copyPrepared(log: FleetLog): Promise<Prepared> {
  making[log] ??= makeOnce(log)
  const place = await making[log]
  const directory = mkdtempSync(join(tmpdir(), 'steadfleet-siege-'))
  await promisify(execFile)('cp', ['-a', '--reflink=auto', `${place}/.`, directory])
  const { devices } = JSON.parse(readFileSync(join(place, 'devices.json'), 'utf8'))
  return { directory, devices }
}

const making: Partial<Record<FleetLog, Promise<string>>> = {}

/** Made once for the sources as they are, by the process that comes first. */
async function makeOnce(log: FleetLog): Promise<string> {
  await buildAgentIfStale()
  mkdirSync(home, { recursive: true })
  const stamp = stampOfSources()
  const place = join(home, `fleet-${stamp}-${log}`)
  using _ = await lock(join(home, 'lock.db'))
  forgetOthers(stamp)
  if (!existsSync(place)) await prepare(place, log)
  return place
}

/** A lock that ends with whoever holds it. */
async function lock(file: string): Promise<Disposable> {
  const database = new DatabaseSync(file)
  for (;;) {
    try {
      database.exec('begin exclusive')
      return database
    } catch (error) {
      if (!(error instanceof Error && /locked/.test(error.message))) throw error
      await wait(200)
    }
  }
}

/** Of their times, and of the day: what was signed is good for one. */
function stampOfSources(): string {
  const hash = createHash('sha256').update(new Date().toISOString().slice(0, 10))
  for (const file of globSync(sources, { cwd: checkout }).sort()) {
    if (!/\.test\.ts$/.test(file))
      hash.update(`${file} ${statSync(join(checkout, file)).mtimeMs}\n`)
  }
  return hash.digest('hex').slice(0, 16)
}

function forgetOthers(stamp: string): void {
  const isOld = (name: string) => name.startsWith('fleet-') && !name.includes(stamp)
  for (const old of readdirSync(home).filter(isOld)) rmSync(join(home, old), { recursive: true })
}

async function prepare(place: string, log: FleetLog): Promise<void> {
  const siege = await Siege.open(['defended', 'undefended'], {
    prepare: secondVersions,
    page: calm,
    ...(log === 'none' && { log }),
  })
  try {
    const devices = ['defended', 'undefended'].map(name => siege.device(name))
    const vault = openVault(siege.fleet.home)
    keep(siege, vault, revisions.old)
    await siege.publishPage(revisions.held, { ...calm, floor: revisions.held })
    await Promise.all(devices.map(one => one.order(revisions.held)))
    await Promise.all(devices.map(one => one.runs(revisions.held)))
    keep(siege, vault, revisions.held)
    await siege.publishPage(revisions.next, calm)
    await siege.publishPage(revisions.afterNext, calm)
    for (const revision of [revisions.bundled, revisions.otherBundled]) {
      await siege.publishPage(revision, manyFiles(revision))
    }
    keep(siege, vault, revisions.afterNext)
    await siege.rest()
    const names = devices.map(({ name, id }) => ({ name, id }))
    writeFileSync(join(siege.directory, 'devices.json'), JSON.stringify({ devices: names }))
    cpSync(siege.directory, `${place}.new`, { recursive: true, verbatimSymlinks: true })
    renameSync(`${place}.new`, place)
  } finally {
    await siege.close()
  }
}

/** What the server served when a revision was its newest: an attacker may have kept it. */
function keep(siege: Siege, { catalogue }: Vault, revision: number): void {
  cpSync(catalogue, keptAt(siege, revision).catalogue, { recursive: true })
}

export function keptAt({ directory }: Pick<Siege, 'directory'>, revision: number) {
  return { catalogue: join(directory, 'kept', String(revision)) }
}

/** A second publisher, whom the owner's policy counts too; and so each role has had two versions. */
async function secondVersions(made: Home): Promise<void> {
  const bolt = randomBytes(32)
  writeFileSync(join(made.directory, 'offline/publisher-bolt.pem'), toPkcs8Pem(bolt))
  const vault = openVault(made)
  const { offline } = vault
  const now = new Date()
  const publishers = [
    { name: 'acme', keys: [offline.acme.key], threshold: 1 },
    { name: 'bolt', keys: [signerFromSeed(bolt).key], threshold: 1 },
  ]
  const changed = new Map([
    ['targets', await signMetadata(makeTargets(2, publishers, now), offline.targets.slice(0, 2))],
    ['bolt', await signMetadata(makeDelegatedRole(1, {}, now), [offline.bolt])],
  ])
  const first = readSigned('root', readFileSync(join(vault.catalogue, '1.root.json')))
  const root = nextVersion(first, 'root', now)
  const files = await signOnline(vault, changed)
  for (const [name, bytes] of files) writeFileSync(join(vault.catalogue, name), bytes)
  const rootFile = await signMetadata(root, offline.root.slice(0, 2))
  writeFileSync(join(vault.catalogue, '2.root.json'), rootFile)
  await secondPolicy(made, vault, now)
}

async function secondPolicy({ directory }: Home, { offline }: Vault, now: Date): Promise<void> {
  const file = (version: number) => join(directory, `server/owner/${version}.policy.json`)
  const held = reopenPolicy(parseEnvelopeBytes(readFileSync(file(1))))
  const catalogues = held.catalogues.map(one => ({ ...one, allowed: ['acme', 'bolt'] }))
  const next = makePolicy({ ...held, version: 2, catalogues }, now)
  const sealed = await signStatement(payloadTypes.policy, next, offline.owner.slice(0, 2))
  writeFileSync(file(2), toEnvelopeBytes(sealed))
}
