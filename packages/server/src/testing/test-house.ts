import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { rawPublicKey, type Signer, signerFromSeed } from '@steadfleet/authority'
import { toHex } from '@steadfleet/base'
import { deviceIdOf, toTimestamp } from '@steadfleet/domain'
import { type RouteSpec, signIn } from '@steadfleet/protocol'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { makeApp } from '../http/app.ts'
import { hashOf } from '../http/secrets.ts'
import { type OpenHouse, openHouse } from '../open-house.ts'
import type { World } from '../world.ts'
import { writeFleet } from './test-fleet.ts'
import { byFetch } from './transport.ts'

/** A server's house in this process, whose routes are called without a socket. */
export interface TestHouse extends AsyncDisposable {
  readonly house: OpenHouse['house']
  readonly app: FastifyInstance
  readonly data: string
  /** Trades a one-time token for the cookie of a session. */
  signIn(token: string): Promise<string>
  /** A person of these roles, and the cookie of their session. */
  admit(name: string, roles: Readonly<Record<string, string>>): Promise<string>
  /** A device of a fleet, which is made where it is not there yet, with one thing that it refused. */
  addDevice(fleet: string): DeviceRow
}

export interface DeviceRow {
  readonly id: string
  readonly signer: Signer
}

export const origin = 'http://fleet.example'

export async function openTestHouse(): Promise<TestHouse> {
  const data = await mkdtemp(join(tmpdir(), 'steadfleet-house-'))
  await writeFleet(data)
  const random = (length: number) => new Uint8Array(randomBytes(length))
  const world: World = { now: () => new Date(), random, pid: process.pid, transport: byFetch }
  const logger = pino({ level: 'silent' })
  const opened = await openHouse({ folder: data, origins: [origin], deltas: 0, world, logger })
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
    ...{ house: opened.house, app, data, signIn: trade },
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
    addDevice: fleet => addDevice(join(data, 'steadfleet.db'), fleet),
    async [Symbol.asyncDispose]() {
      await app.close()
      await opened[Symbol.asyncDispose]()
      await rm(data, { recursive: true, force: true })
    },
  }
}

function addDevice(path: string, fleet: string): DeviceRow {
  const signer = signerFromSeed(randomBytes(32))
  const raw = rawPublicKey(signer)
  const id = deviceIdOf(raw)
  using database = new DatabaseSync(path)
  const run = (sql: string, ...values: string[]) => database.prepare(sql).run(...values)
  const at = toTimestamp(new Date())
  run('insert or ignore into fleet (name, owner, model) values (?, ?, ?)', fleet, 'own_x', 'a/b')
  run(
    'insert into device (id, name, fleet, model, architecture, public_key, enrolled_at) values (?, ?, ?, ?, ?, ?, ?)',
    ...[id, `of ${fleet}`, fleet, 'a/b', 'amd64', toHex(raw), at],
  )
  const event = {
    sequence: 1,
    kind: 'security',
    at,
    code: 'trust/rollback',
    message: 'an older one',
  }
  run(
    "insert into event (device, sequence, received_at, kind, json) values (?, 1, ?, 'security', ?)",
    ...[id, at, JSON.stringify(event)],
  )
  return { id, signer }
}

function signedOut({ method, path }: RouteSpec) {
  return { method: method as 'POST', url: path }
}
