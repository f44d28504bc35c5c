import { randomBytes } from 'node:crypto'
import { rawPublicKey, signerFromSeed } from '@steadfleet/authority'
import { toHex } from '@steadfleet/base'
import { deviceIdOf } from '@steadfleet/domain'
import {
  checkIn,
  createEnrolmentToken,
  enrolDevice,
  makeClient,
  makeSessionKeys,
  type RequestSigner,
  signRequest,
} from '@steadfleet/protocol'
import { deviceWith, secretIn } from '../../packages/server/src/testing/test-device.ts'
import { fleet, type TestFleet } from '../../packages/server/src/testing/test-fleet.ts'
import { makeSharedTransport } from '../../packages/simulator/src/transport.ts'

/** A device that has joined, told what it runs, and holds a session. */
export interface Ready {
  readonly session: RequestSigner
  readonly nonce: string
}

const atOnce = 16

/** So many devices, by the real protocol, each as an agent is that has nothing to say. */
export async function readyDevices(it: TestFleet, count: number): Promise<Ready[]> {
  const transport = makeSharedTransport()
  const made: Ready[] = []
  const join = async (): Promise<void> => {
    while (made.length < count) made.push(await readyDevice(it, transport))
  }
  await Promise.all(Array.from({ length: atOnce }, join))
  transport.close()
  return made
}

async function readyDevice(
  it: TestFleet,
  transport: ReturnType<typeof makeSharedTransport>,
): Promise<Ready> {
  const { token } = await it.operator.call(createEnrolmentToken, { params: { fleet }, body: {} })
  const key = signerFromSeed(randomBytes(32))
  const device = deviceIdOf(rawPublicKey(key))
  let ready: Ready | undefined
  const keys = makeSessionKeys(randomBytes)
  const offer = () => {
    const { publicKey, accept } = keys.offer()
    return {
      publicKey,
      accept(terms: Parameters<typeof accept>[0]) {
        ready = { session: accept(terms), nonce: terms.nonce }
        return ready.session
      },
    }
  }
  const signing = { signer: { ...key, keyid: device }, signRequest, sessions: { offer } }
  const client = makeClient({ origin: it.origin(), transport, signing })
  const claim = { publicKey: toHex(rawPublicKey(key)), name: device, model: '' }
  const body = { token: secretIn(token), claim: { ...claim, architecture: 'amd64' as const } }
  await client.call(enrolDevice, { body })
  await deviceWith(device, key, client).checkIn()
  if (!ready) throw new Error('a device has no session')
  return ready
}

/** What the sequence of a session is above after `readyDevices`. */
export const usedSequences = 1

/** Check-ins that say that nothing has changed, round by round, as `replay.lua` reads them. */
export async function signedCheckIns(
  origin: string,
  devices: readonly Ready[],
  rounds: { readonly from: number; readonly to: number },
): Promise<Buffer> {
  const body = Buffer.from(JSON.stringify({ unchanged: 1, events: [], catalogues: {} }))
  const parts = { method: checkIn.method, targetUri: origin + checkIn.path, body }
  const made: Buffer[] = []
  for (let round = rounds.from; round < rounds.to; round += 1) {
    for (const { session, nonce } of devices) {
      const sequence = usedSequences + round
      const headers = await signRequest(parts, { nonce, sequence }, session)
      made.push(toBytes(origin, headers, body))
    }
  }
  return Buffer.concat(made)
}

function toBytes(
  origin: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
): Buffer {
  const rows = Object.entries({
    host: new URL(origin).host,
    'content-type': 'application/json',
    'content-length': String(body.length),
    ...headers,
  })
  const head = [`${checkIn.method} ${checkIn.path} HTTP/1.1`, ...rows.map(row => row.join(': '))]
  const whole = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
  return Buffer.concat([Buffer.from(`${whole.length}\n`), whole])
}
