import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  type FirstFiles,
  type FirstSeeds,
  makeFirstFiles,
  signerFromSeed,
  toPkcs8Pem,
} from '@steadfleet/authority'
import { digestOf, toHexDigest } from '@steadfleet/base'
import { interfaceNamed, interfaceNames } from '@steadfleet/confine'
import { parseFleetName, parsePackageName, parsePublisherName } from '@steadfleet/domain'
import { CliError } from '../error.ts'
import { makeKeyFolder, type Protection, writeKey } from '../keys/key-file.ts'
import { noPassphrase } from '../keys/passphrase.ts'
import { noteSigned } from '../log/signed-list.ts'
import { builder } from '../publish/builder.ts'
import type { World } from '../world.ts'
import { type FirstLog, type LogWish, makeFirstLog, writeFirstLog } from './first-log.ts'
import { type Home, saveHome } from './home.ts'

/** What a new fleet is called, and what its devices are. */
export interface FirstChoices {
  readonly fleet: string
  readonly publisher: string
  readonly model: string
  /** Packages that no order may leave out. */
  readonly required: readonly string[]
  readonly server: string
  /** How the offline keys are kept from who finds them. */
  readonly keys: Protection
  /** The log that the owner's devices follow; absent, one of the server's own that nobody witnesses. */
  readonly log?: LogWish
}

/** What `init` made, for whoever asked. */
export interface Made {
  readonly home: Home
  readonly owner: string
  readonly model: string
  readonly offline: string
  readonly server: string
  /** The log's key, as witnesses and monitors take it; or `none`. */
  readonly log: string
}

type Seeds = FirstSeeds & { readonly operator: Uint8Array; readonly builder: Uint8Array }

/** What the ceiling of a new fleet allows to every package: nothing that sees, hears, or rules the device. */
const openInterfaces = interfaceNames.filter(name => {
  const { risk, granted } = interfaceNamed(name)
  return risk !== 'high' && granted !== 'never automatically'
})

/** Makes a fleet's keys and first files: the offline ones in `offline/`, the online in `server/`. */
export async function initFleet(
  directory: string,
  choices: FirstChoices,
  world: Pick<World, 'now' | 'random'>,
): Promise<Made> {
  await refuseUsed(directory)
  const { keys } = choices
  const seeds = drawSeeds(world.random)
  const log = makeFirstLog(choices.log ?? { witnesses: [] }, choices.fleet, world.random(32))
  const first = await makeFirstFiles(seeds, toNames(choices, seeds, log), world.now())
  const home: Home = {
    directory,
    passphrase: keys === 'unencrypted' ? noPassphrase : async () => keys.passphrase,
    server: choices.server,
    fleet: parseFleetName(choices.fleet),
    publisher: parsePublisherName(choices.publisher),
    catalogueRoot: first.catalogueRoot,
    ownerRoot: first.ownerRoot,
    keys: 'offline',
  }
  await mkdir(directory, { recursive: true })
  await writeOffline(join(directory, 'offline'), seeds, choices, world.random)
  await writeServer(join(directory, 'server'), first, seeds, choices)
  if (log) await writeFirstLog(directory, log)
  const { path, content } = first.model
  await noteSigned(home, [{ path, digest: digestOf(content), length: content.length }])
  // Last: a folder without this file is one that `init` did not finish.
  await saveHome(home)
  const { owner, model } = first
  const [offline, server] = [join(directory, 'offline'), join(directory, 'server')]
  return { home, owner, model: model.path, offline, server, log: log?.policy.key ?? 'none' }
}

async function refuseUsed(directory: string): Promise<void> {
  const made = ['steadfleet.json', 'offline', 'server'].find(name =>
    existsSync(join(directory, name)),
  )
  if (made === undefined) return
  const found = (await readdir(directory)).sort()
  const message = `cannot make a fleet in ${directory}: ${made} is there`
  throw new CliError('cli/exists', message, { directory, found })
}

function drawSeeds(random: World['random']): Seeds {
  const three = (): Uint8Array[] => [random(32), random(32), random(32)]
  return {
    catalogueRoot: three(),
    targets: three(),
    owner: three(),
    publisher: random(32),
    snapshot: random(32),
    timestamp: random(32),
    director: random(32),
    operator: random(32),
    builder: random(32),
  }
}

function toNames(
  { publisher, model, required }: FirstChoices,
  seeds: Seeds,
  log: FirstLog | undefined,
): Parameters<typeof makeFirstFiles>[1] {
  return {
    publisher: parsePublisherName(publisher),
    model: {
      model: parsePackageName(`${publisher}/${model}`),
      revision: 1,
      summary: `The first model of ${publisher}: ${model}`,
      architectures: ['amd64', 'arm64'],
      slots: [],
      required: required.map(name => parsePackageName(name)),
      interfaces: openInterfaces,
      development: true,
    },
    ceiling: new Map(openInterfaces.map(name => [name, ['*']])),
    ...(log && { log: log.policy }),
    builders: [{ id: builder.id, key: signerFromSeed(seeds.builder).key }],
  }
}

function offlineKeys(seeds: Seeds, publisher: string): ReadonlyMap<string, Uint8Array> {
  const numbered = (name: string, keys: readonly Uint8Array[]): [string, Uint8Array][] =>
    keys.map((seed, i) => [`${name}-${i + 1}`, seed])
  return new Map([
    ...numbered('catalogue-root', seeds.catalogueRoot),
    ...numbered('targets', seeds.targets),
    ...numbered('owner', seeds.owner),
    [`publisher-${publisher}`, seeds.publisher],
    ['operator', seeds.operator],
    ['builder', seeds.builder],
  ])
}

async function writeServer(
  directory: string,
  first: FirstFiles,
  seeds: Seeds,
  { fleet }: FirstChoices,
): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeOnline(
    join(directory, 'signer'),
    new Map([
      ['snapshot', seeds.snapshot],
      ['timestamp', seeds.timestamp],
      ['director', seeds.director],
    ]),
  )
  for (const [name, content] of [...first.files, modelObject(first)]) {
    await mkdir(dirname(join(directory, name)), { recursive: true })
    await writeFile(join(directory, name), content)
  }
  const operators = [signerFromSeed(seeds.operator).key]
  const start = { owner: first.owner, fleet, model: first.model.path, operators }
  await writeFile(join(directory, 'server.json'), `${JSON.stringify(start, null, 2)}\n`)
}

/** The model statement lies where the server keeps its objects, named by its digest. */
function modelObject({ model }: FirstFiles): [string, Uint8Array] {
  const hex = toHexDigest(digestOf(model.content))
  return [`objects/${hex.slice(0, 2)}/${hex}`, model.content]
}

async function writeOffline(
  directory: string,
  seeds: Seeds,
  { publisher, keys }: FirstChoices,
  random: World['random'],
): Promise<void> {
  await makeKeyFolder(directory)
  for (const [name, seed] of offlineKeys(seeds, publisher)) {
    await writeKey(directory, { name, seed }, keys, random)
  }
}

/** The signer starts when nobody is there to be asked: what guards its keys is their mode alone. */
async function writeOnline(
  directory: string,
  seeds: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  await makeKeyFolder(directory)
  for (const [name, seed] of seeds) {
    await writeFile(join(directory, `${name}.pem`), toPkcs8Pem(seed), { mode: 0o600, flag: 'wx' })
  }
}
