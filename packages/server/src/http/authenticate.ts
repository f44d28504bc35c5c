import { createPublicKey, type KeyObject } from 'node:crypto'
import { fromHex, toBase64Url } from '@steadfleet/base'
import { type DeviceId, deviceIdOf, toTimestamp } from '@steadfleet/domain'
import { isRole, type ReadSignature, readSignature, verifySignature } from '@steadfleet/protocol'
import { keyIdOf, type PublicKey } from '@steadfleet/trust'
import type { FastifyRequest } from 'fastify'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { publicKeyOf } from '../store/device-store.ts'
import {
  everywhere,
  machineWithKey,
  machineWithToken,
  rolesOfPerson,
  sessionWithHash,
} from '../store/people-store.ts'
import { callerInSession } from './device-sessions.ts'
import type { Caller } from './permissions.ts'
import { hashOf } from './secrets.ts'
import { refuseOtherOrigin, sessionIn } from './session.ts'

/** How exactly a session tells when it was last used. */
const seenEveryMs = 3_600_000

/** Finds out who calls: by the signature where there is one, else by the session, else nobody. */
export async function callerOf(house: House, request: FastifyRequest): Promise<Caller> {
  if (request.headers['signature-input'] !== undefined) return signedCaller(house, request)
  const token = /^Bearer ([A-Za-z0-9_-]{20,200})$/.exec(request.headers.authorization ?? '')?.[1]
  if (token !== undefined) return tokenCaller(house, token)
  return sessionCaller(house, request)
}

/** The configured origin under which the request came; what is signed is under it. */
export function originOf(house: House, request: FastifyRequest): string {
  const { host } = request.headers
  const found = house.origins.find(origin => hostOf(origin) === host)
  return found ?? house.origins[0] ?? ''
}

const hosts = new Map<string, string>()

/** The host of a configured origin; they are few, and asked for with each request. */
function hostOf(origin: string): string {
  const held = hosts.get(origin) ?? new URL(origin).host
  hosts.set(origin, held)
  return held
}

/** The signature of a request by a key that it names itself: that of a device that is to be. */
export function refuseOtherSigner(
  house: House,
  request: FastifyRequest,
  publicKey: string,
): DeviceId {
  const signature = readFrom(house, request)
  const raw = fromHex(publicKey)
  const device = deviceIdOf(raw)
  if (signature.keyid !== device) {
    const message = 'cannot enrol: the request is not signed by the key it names'
    throw new ServerError('enrolment/wrong-key', message)
  }
  house.nonces.refuseStale(signature)
  verifySignature(signature, toKeyObject(publicKey))
  house.nonces.refuseReplay(device, signature)
  return device
}

async function signedCaller(house: House, request: FastifyRequest): Promise<Caller> {
  const signature = readFrom(house, request)
  if (signature.alg === 'hmac-sha256') return callerInSession(house, signature)
  house.nonces.refuseStale(signature)
  const { key, caller } = await keyHolder(house, signature.keyid)
  verifySignature(signature, key)
  // Last: a forged request must not use up the sequence of the real one.
  house.nonces.refuseReplay(signature.keyid, signature)
  return caller.kind === 'device' ? { ...caller, nonce: signature.nonce } : caller
}

function readFrom(house: House, request: FastifyRequest): ReadSignature {
  const body = bodyOf(request)
  const targetUri = originOf(house, request) + request.url
  return readSignature({ method: request.method, targetUri, body }, request.headers)
}

/** An empty body reaches us as none; that it was sent, its digest says. */
function bodyOf({ body, headers }: FastifyRequest): Uint8Array | undefined {
  if (body instanceof Buffer) return new Uint8Array(body)
  return headers['content-digest'] === undefined ? undefined : new Uint8Array()
}

/** A key that may sign requests, and who calls when it does. */
export interface KeyHolder {
  readonly key: KeyObject
  readonly caller: Caller
}

async function keyHolder(house: House, keyid: string): Promise<KeyHolder> {
  const held = house.keyHolders.get(keyid)
  if (held) return held
  const found = (await deviceHolder(house, keyid)) ?? (await personHolder(house, keyid))
  if (!found) {
    throw new ServerError('request/unknown-key', 'cannot accept request: nobody here has its key')
  }
  house.keyHolders.set(keyid, found)
  return found
}

async function deviceHolder({ store }: House, keyid: string): Promise<KeyHolder | undefined> {
  const publicKey = await publicKeyOf(store.db, keyid)
  if (publicKey === undefined) return undefined
  return { key: toKeyObject(publicKey), caller: { kind: 'device', device: keyid as DeviceId } }
}

async function personHolder(
  { store, catalogues }: House,
  keyid: string,
): Promise<KeyHolder | undefined> {
  const machine = await machineWithKey(store.db, keyid)
  if (machine) {
    const key: PublicKey = JSON.parse(machine.key)
    const roles = everywhere(machine.role)
    const caller: Caller = { kind: 'person', name: machine.name, roles, by: 'key' }
    return { key: toKeyObject(key.keyval.public), caller }
  }
  // A key that an own catalogue delegates to may publish; what it publishes is checked by itself.
  const delegated = catalogues
    .all()
    .map(({ own }) => own?.inForce().targets.signed.delegations?.keys.get(keyid))
    .find(key => key !== undefined)
  if (!delegated || keyIdOf(delegated) !== keyid) return undefined
  const roles = everywhere('publisher')
  const caller: Caller = { kind: 'person', name: 'publisher', roles, by: 'key' }
  return { key: toKeyObject(delegated.keyval.public), caller }
}

/** A machine, by the token that it was given. No browser sends one by itself, so any page may not either. */
async function tokenCaller({ store, world }: House, token: string): Promise<Caller> {
  const found = await machineWithToken(store.db, hashOf(token), toTimestamp(world.now()))
  if (!found || !isRole(found.role)) return { kind: 'anyone' }
  const roles = new Map([[found.fleet, found.role]])
  return { kind: 'person', name: found.name, roles, by: 'token' }
}

async function sessionCaller(house: House, request: FastifyRequest): Promise<Caller> {
  const token = sessionIn(request)
  if (token === undefined) return { kind: 'anyone' }
  const hash = hashOf(token)
  const { store, world } = house
  const now = world.now()
  const found = await sessionWithHash(store.db, hash, toTimestamp(now))
  if (!found) return { kind: 'anyone' }
  refuseOtherOrigin(request, house.origins)
  if (now.getTime() - Date.parse(found.seen_at) > seenEveryMs) {
    await store.write('touchSession', { hash, now: toTimestamp(now) })
  }
  const { name, person } = found
  const roles = await rolesOfPerson(store.db, person)
  return { kind: 'person', name, roles, by: 'session', person, session: hash }
}

/** A raw Ed25519 public key in hexadecimal, as a key that verifies. */
function toKeyObject(publicKey: string): KeyObject {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(fromHex(publicKey)) }
  return createPublicKey({ key: jwk, format: 'jwk' })
}
