import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import {
  type FirstFiles,
  type FirstSeeds,
  makeFirstFiles,
  type Signer,
  signerFromSeed,
  toPkcs8Pem,
} from '@steadfleet/authority'
import { digestOf, toHexDigest } from '@steadfleet/base'
import type { ChannelName, FleetName, PackageName } from '@steadfleet/domain'
import {
  type Client,
  createEnrolmentToken,
  followChannel,
  moveChannel,
  type ReplyOf,
} from '@steadfleet/protocol'
import { readInForce } from '../catalogue/catalogue-folder.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { makeTestDatabase, type TestDatabase } from './test-database.ts'
import { type Claim, joinDevice, type TestDevice } from './test-device.ts'
import type { TestLog } from './test-log.ts'
import {
  makeRelease,
  nextRole,
  putRole,
  type ReleaseChoices,
  type TestRelease,
  upload,
} from './test-release.ts'
import { clientFor } from './transport.ts'

/** A fleet with its keys in a folder of its own, and a real server that serves it. */
export interface TestFleet extends AsyncDisposable {
  readonly data: string
  readonly database: TestDatabase
  readonly keys: { readonly publisher: Signer; readonly operator: Signer }
  readonly owner: string
  readonly seeds: FirstSeeds
  readonly server: () => ServerProcess
  readonly origin: () => string
  /** Everything a person with the operator's key may do. */
  readonly operator: Client
  readonly anyone: Client
  /** Kills the server as a cut of power would, and starts it again on the same port. */
  killAndRestart(meanwhile?: () => Promise<unknown>): Promise<void>
  token(): Promise<string>
  join(claim?: Claim): Promise<TestDevice>
  publish(choices: ReleaseChoices): Promise<TestRelease>
  /** The role file of the publisher in force. */
  role(): Promise<Uint8Array>
}

export const fleet = 'home' as FleetName
export const stable = 'latest/stable' as ChannelName
export const greenhouse = { publisher: 'acme', name: 'greenhouse' }

/** What `server.json` may say of how the fleet is run. */
type FleetPolicy = { readonly [Name in 'check-in-seconds' | 'probation-seconds']?: number }

/**
 * Makes a fleet and starts its server. `required` are packages that its model may not lack; without
 * `log` its devices follow none. `words` are further ones of the server’s command line.
 */
export async function openTestFleet(
  required: readonly string[] = [],
  log?: TestLog,
  policy: FleetPolicy = {},
  words: readonly string[] = [],
  port = 0,
): Promise<TestFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'steadfleet-server-'))
  const data = join(folder, 'server')
  const { first, seeds, operator: operatorSeed } = await writeFleet(data, required, log, policy)
  const keys = {
    publisher: signerFromSeed(seeds.publisher),
    operator: signerFromSeed(operatorSeed),
  }
  const database = await makeTestDatabase(data)
  const start = (at = port) => startServer(data, at, words, database.environment)
  let server = await start().catch(refused => removeAndThrow(folder, refused))
  const operator = clientFor(server.origin, keys.operator)
  const role = () => roleIn(data)
  const token = async () => {
    const params = { fleet }
    return (await operator.call(createEnrolmentToken, { params, body: {} })).token
  }
  return {
    ...{ data, database },
    keys,
    seeds,
    owner: first.owner,
    server: () => server,
    origin: () => server.origin,
    operator,
    anyone: clientFor(server.origin),
    token,
    role,
    join: async claim => joinDevice(server.origin, await token(), claim),
    async killAndRestart(meanwhile) {
      await server.end('SIGKILL')
      await meanwhile?.()
      server = await start(Number(new URL(server.origin).port))
    },
    async publish(choices) {
      const release = await makeRelease(choices)
      await upload(operator, release.bundle)
      const next = await nextRole(await role(), [release], keys.publisher, new Date())
      await putRole(operator, 'acme', next)
      return release
    },
    async [Symbol.asyncDispose]() {
      await server.end('SIGTERM')
      await database[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function roleIn(data: string): Promise<Uint8Array> {
  const inForce = await readInForce(join(data, 'catalogue'))
  return inForce.roles.get('acme')?.bytes ?? new Uint8Array()
}

async function removeAndThrow(folder: string, refused: unknown): Promise<never> {
  await rm(folder, { recursive: true, force: true })
  throw refused
}

/** Lets the fleet run the greenhouse from `latest/stable`. */
export async function follow(client: Client): Promise<void> {
  const params = { fleet, ...greenhouse }
  await client.call(followChannel, { params, body: { channel: stable } })
}

/** Points `latest/stable` of the greenhouse at a revision. */
export function moveStable(client: Client, revision: number): Promise<ReplyOf<typeof moveChannel>> {
  const params = { ...greenhouse, track: 'latest', risk: 'stable' }
  return client.call(moveChannel, { params, body: { revision } })
}

interface Written {
  readonly first: FirstFiles
  readonly seeds: FirstSeeds
  readonly operator: Uint8Array
}

/** Writes the data directory of a new fleet. */
export async function writeFleet(
  data: string,
  required: readonly string[] = [],
  log?: TestLog,
  policy: FleetPolicy = {},
): Promise<Written> {
  const draw = () => new Uint8Array(randomBytes(32))
  const seeds: FirstSeeds = {
    catalogueRoot: [draw(), draw(), draw()],
    targets: [draw(), draw(), draw()],
    owner: [draw(), draw(), draw()],
    publisher: draw(),
    snapshot: draw(),
    timestamp: draw(),
    director: draw(),
  }
  const operator = draw()
  const first = await makeFirstFiles(
    seeds,
    { ...namesWith(required), ...(log && { log: log.choice }) },
    new Date(),
  )
  for (const [name, content] of first.files) await write(join(data, name), content)
  const hex = toHexDigest(digestOf(first.model.content))
  await write(join(data, 'objects', hex.slice(0, 2), hex), first.model.content)
  for (const name of ['snapshot', 'timestamp', 'director'] as const) {
    await write(join(data, 'signer', `${name}.pem`), toPkcs8Pem(seeds[name]), 0o600)
  }
  if (log) await writeLog(data, log)
  const { owner, model } = first
  const operators = [signerFromSeed(operator).key]
  const start = { owner, fleet, model: model.path, operators, policy }
  await write(join(data, 'server.json'), JSON.stringify(start))
  return { first, seeds, operator }
}

async function writeLog(data: string, { origin, seed, witnesses }: TestLog): Promise<void> {
  await write(join(data, 'signer', 'log.pem'), toPkcs8Pem(seed), 0o600)
  await write(join(data, 'signer', 'log.origin'), origin)
  const places = witnesses.map(({ key, url }) => ({ key, url }))
  await write(join(data, 'log.json'), JSON.stringify({ origin, witnesses: places }))
}

function namesWith(required: readonly string[]): Parameters<typeof makeFirstFiles>[1] {
  return {
    publisher: 'acme',
    model: { ...firstModel, required },
    ceiling: new Map([
      ['network', ['acme/greenhouse']],
      ['serial-port', ['*']],
    ]),
  }
}

/** What kind of device they are, at first. */
export const firstModel: Parameters<typeof makeFirstFiles>[1]['model'] = {
  model: 'acme/box' as PackageName,
  revision: 1,
  summary: 'A box',
  architectures: ['amd64', 'arm64'],
  slots: [],
  required: [],
  interfaces: ['network'],
}

async function write(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content, { mode })
}
