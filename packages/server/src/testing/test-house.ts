import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FirstFiles, rawPublicKey, type Signer, signerFromSeed } from '@steadfleet/authority'
import { toHex } from '@steadfleet/base'
import { deviceIdOf, toTimestamp } from '@steadfleet/domain'
import { type RouteSpec, signIn, type Transport } from '@steadfleet/protocol'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { makeApp } from '../http/app.ts'
import { hashOf } from '../http/secrets.ts'
import { type OpenHouse, openHouse } from '../open-house.ts'
import type { World } from '../world.ts'
import { makeTestDatabase, type TestDatabase } from './test-database.ts'
import { writeFleet } from './test-fleet.ts'
import type { TestLog } from './test-log.ts'
import { byFetch } from './transport.ts'

/** A server's house in this process, whose routes are called without a socket. */
export interface TestHouse extends AsyncDisposable {
  readonly house: OpenHouse['house']
  readonly app: FastifyInstance
  readonly data: string
  readonly first: FirstFiles
  /** The seed of a key that may do everything. */
  readonly operator: Uint8Array
  /** Trades a one-time token for the cookie of a session. */
  signIn(token: string): Promise<string>
  /** A person of these roles, and the cookie of their session. */
  admit(name: string, roles: Readonly<Record<string, string>>): Promise<string>
  /** A device of a fleet, which is made where it is not there yet, with one thing that it refused. */
  addDevice(fleet: string): Promise<DeviceRow>
  readonly database: TestDatabase
}

export interface DeviceRow {
  readonly id: string
  readonly signer: Signer
}

export const origin = 'http://fleet.example'

/** `log` is what it keeps; `signOn` is what `sign-on.json` says; `transport` carries the server’s own requests. */
export interface TestHouseChoices {
  readonly signOn?: object
  readonly transport?: Transport
  readonly log?: TestLog
  readonly now?: () => Date
}

export async function openTestHouse({
  signOn,
  transport = byFetch,
  log,
  now = () => new Date(),
}: TestHouseChoices = {}): Promise<TestHouse> {
  const data = await mkdtemp(join(tmpdir(), 'steadfleet-house-'))
  const { first, operator } = await writeFleet(data, [], log)
  const database = await makeTestDatabase(data)
  if (signOn) await writeFile(join(data, 'sign-on.json'), JSON.stringify(signOn), { mode: 0o600 })
  const random = (length: number) => new Uint8Array(randomBytes(length))
  const world: World = { now, random, pid: process.pid, transport }
  const logger = pino({ level: 'silent' })
  const { place } = database
  const options = { folder: data, origins: [origin], deltas: 0, database: place, world, logger }
  const opened = await openHouse(options)
  const app = await makeApp(opened.house, logger).catch(async fault => {
    await opened[Symbol.asyncDispose]()
    throw fault
  })
  const headers = { origin, host: new URL(origin).host }
  const trade = async (token: string): Promise<string> => {
    const reply = await app.inject({ ...signedOut(signIn), headers, payload: { token } })
    return String(reply.headers['set-cookie']).split(';')[0] ?? ''
  }
  return {
    ...{ house: opened.house, app, data, database, first, operator, signIn: trade },
    async admit(name, roles) {
      const rows = Object.entries(roles).map(([fleet, role]) => ({ fleet, role }))
      const now = toTimestamp(new Date())
      const person = { id: `per_${name.replaceAll(' ', '-')}`, name, roles: rows, now }
      const expiresAt = toTimestamp(new Date(Date.now() + 60_000))
      const token = Buffer.from(random(32)).toString('base64url')
      await opened.house.store.write('createSignInToken', {
        ...{ hash: hashOf(token), person, expiresAt },
      })
      return trade(token)
    },
    addDevice: fleet => addDevice(database, fleet),
    async [Symbol.asyncDispose]() {
      await app.close()
      await opened[Symbol.asyncDispose]()
      await database[Symbol.asyncDispose]()
      await rm(data, { recursive: true, force: true })
    },
  }
}

async function addDevice(database: TestDatabase, fleet: string): Promise<DeviceRow> {
  const signer = signerFromSeed(randomBytes(32))
  const raw = rawPublicKey(signer)
  const id = deviceIdOf(raw)
  await using opened = await database.open()
  const { db } = opened
  const at = toTimestamp(new Date())
  await db
    .insertInto('fleet')
    .values({ name: fleet, owner: 'own_x', model: 'a/b' })
    .onConflict(conflict => conflict.doNothing())
    .execute()
  const claim = { name: `of ${fleet}`, fleet, model: 'a/b', architecture: 'amd64' }
  await db
    .insertInto('device')
    .values({ id, ...claim, public_key: toHex(raw), enrolled_at: at })
    .execute()
  const event = {
    ...{ sequence: 1, kind: 'security', at },
    ...{ code: 'trust/rollback', message: 'an older one' },
  }
  const said = { device: id, sequence: 1, received_at: at, kind: 'security' }
  await db
    .insertInto('event')
    .values({ ...said, json: JSON.stringify(event) })
    .execute()
  return { id, signer }
}

function signedOut({ method, path }: RouteSpec) {
  return { method: method as 'POST', url: path }
}
