import { randomBytes } from 'node:crypto'
import { rawPublicKey, type Signer, signerFromSeed, signStatement } from '@steadfleet/authority'
import { fromBase64, fromBase64Url, toHex } from '@steadfleet/base'
import {
  type ChangeState,
  type DeviceEvent,
  type DeviceId,
  deviceIdOf,
  digestOfEvent,
  type StateReport,
} from '@steadfleet/domain'
import { type Client, checkIn, enrolDevice, type ReplyOf } from '@steadfleet/protocol'
import { type Order, order, payloadTypes } from '@steadfleet/trust'
import { toEnvelopeView } from '../views/envelope.ts'
import { clientFor } from './transport.ts'

export type CheckedIn = ReplyOf<typeof checkIn>

/** A device as the server knows one: a key and what it says. Nothing runs on it. */
export interface TestDevice {
  readonly id: DeviceId
  readonly signer: Signer
  readonly client: Client
  /** Signs a report of what `says` changes in the last one, and sends it. */
  checkIn(says?: Says): Promise<CheckedIn>
}

export interface Says {
  readonly state?: ChangeState
  readonly counter?: number
  readonly releases?: StateReport['releases']
  readonly attributes?: StateReport['attributes']
  readonly waiting?: NonNullable<StateReport['waiting']>
  readonly isolated?: NonNullable<StateReport['isolated']>
  readonly events?: readonly DeviceEvent[]
  /** The digests that the report names; those of the events unless it lies, or is of before there were any. */
  readonly names?: StateReport['events']
  /** Of another device, or by another key: what a liar would send. */
  readonly device?: DeviceId
  readonly by?: Signer
}

export interface Claim {
  readonly name?: string
  readonly architecture?: 'amd64' | 'arm64'
  readonly seed?: Uint8Array
}

/** The part of an enrolment token that the server is shown. */
export function secretIn(token: string): string {
  const text = Buffer.from(fromBase64Url(token.slice('sf1.'.length))).toString()
  return (JSON.parse(text) as { secret: string }).secret
}

export async function joinDevice(
  origin: string,
  token: string,
  { name = 'shelf', architecture = 'amd64', seed = randomBytes(32) }: Claim = {},
): Promise<TestDevice> {
  const key = signerFromSeed(seed)
  const raw = rawPublicKey(key)
  const id = deviceIdOf(raw)
  const signer = { ...key, keyid: id }
  const client = clientFor(origin, signer)
  const claim = { publicKey: toHex(raw), name, model: 'box', architecture }
  await client.call(enrolDevice, { body: { token: secretIn(token), claim } })
  return deviceWith(id, key, client)
}

/** A device that joined, by its key and a client of its own. */
export function deviceWith(id: DeviceId, key: Signer, client: Client): TestDevice {
  let report: StateReport = {
    type: 'report',
    format: 1,
    device: id,
    sequence: 0,
    at: '2026-11-21T00:00:00Z',
    counter: 0,
    generation: 0,
    state: 'committed',
    releases: [],
    apps: [],
    attributes: {},
  }
  return {
    id,
    signer: { ...key, keyid: id },
    client,
    async checkIn({ events = [], names, by = key, ...says }: Says = {}) {
      report = { ...report, ...says, sequence: report.sequence + 1 }
      const named = names ?? events.map(digestOfEvent)
      const whole = named.length === 0 ? report : { ...report, events: named }
      const envelope = await signStatement(payloadTypes.report, whole, [by])
      return client.call(checkIn, {
        body: { report: toEnvelopeView(envelope), events: [...events] },
      })
    },
  }
}

/** The order in a reply; it must be there. */
export function orderIn({ order: envelope }: CheckedIn): Order {
  if (envelope === null) throw new Error('the reply brings no order')
  return order(JSON.parse(Buffer.from(fromBase64(envelope.payload)).toString()), 'order')
}
