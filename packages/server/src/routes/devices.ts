import { fromHex, toBase64, toBase64Url, toHex } from '@steadfleet/base'
import {
  type DeviceId,
  type HealthPoints,
  parseStateReport,
  type StateReport,
  toTimestamp,
} from '@steadfleet/domain'
import {
  type BodyOf,
  checkIn,
  developerLog,
  deviceEvents,
  type EnvelopeView,
  enrolDevice,
  makeShare,
  openDeviceSession,
  sessionPrefix,
} from '@steadfleet/protocol'
import { ed25519Key, openEnvelope, payloadTypes, refuseWeakKey } from '@steadfleet/trust'
import type { CheckIn, Unchanged } from '../acts/said.ts'
import { announce, tellToLook } from '../announce.ts'
import { newerThan } from '../catalogue/newer.ts'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import type { Write } from '../http/acting.ts'
import { originOf, refuseOtherSigner } from '../http/authenticate.ts'
import { type Handle, sent } from '../http/handle.ts'
import type { Caller, Device } from '../http/permissions.ts'
import { hashOf } from '../http/secrets.ts'
import { deviceWithId, publicKeyOf } from '../store/device-store.ts'
import { toEnvelopeView } from '../views/envelope.ts'
import { handleHealth } from './health.ts'
import { handleOutput, tellToWatch } from './output.ts'

/** An order that a device has not taken for so long is signed anew: it must not expire on the way. */
const renewAfterMs = 15 * 86_400_000

/** Devices: how they join, report, listen, and show what an app under trial prints. */
export function handleDevices(handle: Handle, house: House): void {
  handleEnrolment(handle, house)
  handleCheckIns(handle, house)
  handleSessions(handle, house)
  handleListening(handle, house)
  handleHealth(handle, house)
  handleOutput(handle, house)
}

function handleEnrolment(handle: Handle, house: House): void {
  const { world, owner } = house

  handle(enrolDevice, async ({ body, request, write }) => {
    refuseWeakKey(fromHex(body.claim.publicKey))
    const device = refuseOtherSigner(house, request, body.claim.publicKey)
    const { fleet } = await write('enrolDevice', {
      hash: hashOf(body.token),
      device,
      claim: body.claim,
      now: toTimestamp(world.now()),
    })
    // A device that a restored server does not know could never ask it for anything again.
    await house.secondStore.keepAll()
    await house.orderer.nudge()
    announce(house, 'devices', { device })
    announce(house, 'rollouts', { fleet })
    return {
      device,
      fleet,
      catalogueRoot: toBase64(await house.firstCatalogueRoot()),
      ownerRoot: toBase64(owner.firstRootFile),
      policy: toEnvelopeView(owner.policy().envelope),
    }
  })
}

function handleCheckIns(handle: Handle, house: House): void {
  const { world, owner, presence } = house

  handle(checkIn, async ({ caller, body, write }) => {
    const { device, session } = deviceOf(caller)
    const now = world.now()
    const { acknowledged, order, refused, changed, isOrderDue } = await write('checkIn', {
      device,
      ...(session && { session: { ...session, now: toTimestamp(now) } }),
      ...(await stateIn(house, device, body)),
      events: body.events,
      now: toTimestamp(now),
      renewBefore: toTimestamp(new Date(now.getTime() - renewAfterMs)),
    })
    await keepMeasured(write, device, body.health, now)
    presence.heard(device)
    house.metrics.countCheckIn(refused)
    if (isOrderDue) void house.orderer.nudge()
    for (const topic of changed) announce(house, topic, { device })
    return {
      acknowledged,
      order,
      ownerRootVersion: owner.rootVersion,
      policyVersion: owner.policy().signed.version,
      ...(body.catalogues && { catalogues: await newerThan(house.catalogues, body.catalogues) }),
      now: toTimestamp(now),
    }
  })
}

async function keepMeasured(
  write: Write,
  device: DeviceId,
  points: HealthPoints | undefined,
  now: Date,
): Promise<void> {
  if (points) await write('keepHealth', { device, points, now: toTimestamp(now) })
}

/** So long a session is gone by: a stolen database opens no device's for longer. */
const sessionSeconds = 6 * 3600

function handleSessions(handle: Handle, house: House): void {
  handle(openDeviceSession, async ({ caller, body, request, write }) => {
    const { device, nonce } = deviceOf(caller)
    // In a session no other is opened: who stole its key would have sessions for ever.
    if (nonce === undefined) {
      const message = 'cannot open a session: the request is not signed by the device itself'
      throw new ServerError('request/not-permitted', message)
    }
    const { world } = house
    const session = sessionPrefix + toBase64Url(world.random(16))
    const { publicKey: key, agree } = makeShare(world.random(32))
    const origin = originOf(house, request)
    const terms = { origin, device, nonce, session, deviceKey: body.key, serverKey: key }
    await write('openDeviceSession', {
      ...{ device, id: session, nonce, secret: toHex(agree(body.key, terms)) },
      expiresAt: toTimestamp(new Date(world.now().getTime() + sessionSeconds * 1000)),
    })
    return { session, key, seconds: sessionSeconds }
  })
}

function handleListening(handle: Handle, house: House): void {
  const { store, presence, streams } = house

  handle(deviceEvents, async ({ caller, reply, write }) => {
    const { device } = await counted(house, deviceOf(caller), write)
    const { counter, ordered_counter } = await deviceWithId(store.db, device)
    reply.hijack()
    presence.arrived(device)
    streams.open(`device ${device}`, reply.raw, () => {
      presence.left(device)
      announce(house, 'device', { device })
    })
    announce(house, 'device', { device })
    if (ordered_counter > counter) tellToLook(house, device)
    if (streams.has(`output ${device}`)) tellToWatch(house, device)
    return sent
  })

  handle(developerLog, async ({ caller, body, write }) => {
    const topic = `output ${(await counted(house, deviceOf(caller), write)).device}`
    streams.send(topic, { event: 'message', data: JSON.stringify(body) })
    return { watched: streams.has(topic) }
  })
}

/** A request in a session is good once, at all server processes together. */
async function counted({ world }: House, device: Device, write: Write): Promise<Device> {
  const { session } = device
  if (session) await write('useDeviceSession', { ...session, now: toTimestamp(world.now()) })
  return device
}

function deviceOf(caller: Caller): Device {
  if (caller.kind === 'device') return caller
  throw new ServerError('request/not-permitted', 'cannot answer: this needs device')
}

/** What the device says now, or the number of what it has said. */
async function stateIn(
  house: House,
  device: DeviceId,
  { report, unchanged = 0 }: BodyOf<typeof checkIn>,
): Promise<Pick<CheckIn, 'report' | 'envelope'> | Pick<Unchanged, 'unchanged'>> {
  if (!report) return { unchanged }
  const opened = await openReport(house, device, report)
  return { report: opened, envelope: JSON.stringify(report) }
}

/** The report inside, signed by the device and about it; from here on it is evidence. */
async function openReport(
  { store }: House,
  device: DeviceId,
  envelope: EnvelopeView,
): Promise<StateReport> {
  const raw = fromHex((await publicKeyOf(store.db, device)) ?? '')
  const role = { keys: [ed25519Key(raw)], threshold: 1 }
  const report = parseStateReport(openEnvelope(envelope, payloadTypes.report, role))
  if (report.device === device) return report
  const message = `cannot take report of ${report.device} from ${device}`
  throw new ServerError('device/wrong-report', message, { device, reported: report.device })
}
