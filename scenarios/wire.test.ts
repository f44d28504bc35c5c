import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { toHex } from '@steadfleet/base'
import { type StateReport, toTimestamp } from '@steadfleet/domain'
import { checkIn, enrolDevice, getFileOfCatalogue, makeClient } from '@steadfleet/protocol'
import { payloadTypes } from '@steadfleet/trust'
import { signingOf } from '../packages/agent/src/server/enrol.ts'
import { makeTransport } from '../packages/agent/src/server/http.ts'
import { parseToken } from '../packages/agent/src/trust/enrolment.ts'
import { type Identity, identityFromSeed } from '../packages/agent/src/trust/identity.ts'
import { openTestFleet } from '../packages/server/src/testing/test-fleet.ts'
import { openWire } from './counted-wire.ts'

/** What a device that is up to date may cost on the wire, each time it asks. */
const most = 2000

test(`a device that is up to date asks and hears in one exchange of under ${most} bytes`, async t => {
  await using fleet = await openTestFleet()
  const wire = await openWire(Number(new URL(fleet.origin()).port))
  const transport = makeTransport()
  t.after(() => {
    transport.close()
    wire.close()
  })
  const identity = identityFromSeed(randomBytes(32))
  const origin = fleet.origin()
  const client = makeClient({
    origin,
    signing: signingOf(identity),
    transport: request => transport({ ...request, url: request.url.replace(origin, wire.origin) }),
  })
  const claim = {
    publicKey: toHex(identity.publicKey),
    name: 'shelf',
    model: 'box',
    architecture: 'amd64',
  } as const
  await client.call(enrolDevice, { body: { token: parseToken(await fleet.token()).secret, claim } })
  const held = { acme: { root: 0, timestamp: 0 } }
  const envelope = await identity.seal(payloadTypes.report, reportOf(identity))
  const report = { ...envelope, signatures: envelope.signatures.map(one => ({ ...one })) }
  const first = await client.call(checkIn, { body: { report, events: [], catalogues: held } })
  const brought = first.catalogues?.acme
  const { body } = await client.open(getFileOfCatalogue, {
    params: { catalogue: 'acme' as never, file: 'timestamp.json' },
  })
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  const plain = Buffer.concat(chunks)
  assert.equal(
    brought?.timestamp,
    plain.toString('base64'),
    'the reply brings what plain files are',
  )
  assert.equal(brought?.roots?.length, 1)
  const { version } = JSON.parse(plain.toString()).signed
  const whole = wire.count()
  const catalogues = { acme: { root: 1, timestamp: version } }
  const reply = await client.call(checkIn, { body: { unchanged: 1, events: [], catalogues } })
  const bytes = wire.count() - whole
  assert.deepEqual(reply.catalogues, {}, 'nothing is newer')
  t.diagnostic(`${bytes} bytes, with all headers`)
  assert.ok(bytes < most, `${bytes} bytes`)
  const other = client.call(checkIn, { body: { unchanged: 7, events: [], catalogues } })
  await assert.rejects(other, { code: 'device/wrong-report' })
})

/** As an agent says it that runs one package of one app, confined by all there is. */
function reportOf({ device }: Identity): StateReport {
  const release = { package: 'acme/greenhouse', revision: 1, version: '1.0' }
  return {
    type: 'report',
    format: 1,
    device,
    sequence: 1,
    at: toTimestamp(new Date()),
    counter: 0,
    generation: 1,
    state: 'committed',
    releases: [{ ...release, tree: `sha256:${'0'.repeat(64)}` }],
    apps: [{ package: release.package, app: 'main', state: 'running', restarts: 0 }],
    attributes: { confinement: 'enforced', agent: '0.1.0', kernel: 'linux' },
  } as unknown as StateReport
}
