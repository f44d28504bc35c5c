import { randomBytes } from 'node:crypto'
import { toHex } from '@steadfleet/base'
import { parseStateReport, type StateReport, toTimestamp } from '@steadfleet/domain'
import {
  type Client,
  checkIn,
  createEnrolmentToken,
  enrolDevice,
  listFleets,
  makeClient,
} from '@steadfleet/protocol'
import { payloadTypes } from '@steadfleet/trust'
import { signingOf } from '../packages/agent/src/server/enrol.ts'
import { makeTransport } from '../packages/agent/src/server/http.ts'
import { parseToken } from '../packages/agent/src/trust/enrolment.ts'
import { type Identity, identityFromSeed } from '../packages/agent/src/trust/identity.ts'
import type { Stage } from '../packages/cli/src/demo/stage.ts'
import type { Benchmark } from './figure.ts'
import { medianOf, round, spreadOf } from './figure.ts'
import { onStage } from './stage.ts'

const devices = 64
const seconds = 10

/** Signed requests with signed reports, each stored for good before its reply. */
export const checkIns: Benchmark = {
  name: 'check-ins',
  what: `${devices} devices that check in as fast as one server process answers, ${seconds} s`,
  run: () =>
    onStage(2, async stage => {
      const callers = await Promise.all(Array.from({ length: devices }, () => join(stage)))
      const times: number[] = []
      const end = performance.now() + seconds * 1000
      await Promise.all(callers.map(caller => checkInUntil(end, caller, times)))
      for (const { close } of callers) close()
      const rate = round(times.length / seconds)
      return [
        { name: 'check-ins', value: rate, unit: '1/s', facts: { devices, seconds } },
        { name: 'one check-in', value: medianOf(times), unit: 'ms', facts: spreadOf(times) },
      ]
    }),
}

interface Caller {
  readonly client: Client
  readonly identity: Identity
  readonly close: () => void
}

async function join({ fleet: { home, client }, scene }: Stage): Promise<Caller> {
  const params = { fleet: home.fleet }
  const { token } = await client.call(createEnrolmentToken, { params, body: {} })
  const [fleet] = await client.call(listFleets, {})
  const identity = identityFromSeed(randomBytes(32))
  const transport = makeTransport()
  const own = makeClient({ origin: scene.origin, transport, signing: signingOf(identity) })
  const claim = {
    publicKey: toHex(identity.publicKey),
    name: identity.device,
    model: fleet?.model ?? '',
    architecture: 'amd64',
  } as const
  await own.call(enrolDevice, { body: { token: parseToken(token).secret, claim } })
  return { client: own, identity, close: () => transport.close() }
}

async function checkInUntil(
  end: number,
  { client, identity }: Caller,
  times: number[],
): Promise<void> {
  for (let sequence = 1; performance.now() < end; sequence += 1) {
    const began = performance.now()
    const envelope = await identity.seal(payloadTypes.report, reportOf(identity, sequence))
    const report = { ...envelope, signatures: envelope.signatures.map(one => ({ ...one })) }
    await client.call(checkIn, { body: { report, events: [] } })
    times.push(performance.now() - began)
  }
}

function reportOf({ device }: Identity, sequence: number): StateReport {
  return parseStateReport({
    type: 'report',
    format: 1,
    device,
    sequence,
    at: toTimestamp(new Date()),
    counter: 0,
    generation: 0,
    state: 'committed',
    releases: [],
    apps: [],
    attributes: {},
  })
}
