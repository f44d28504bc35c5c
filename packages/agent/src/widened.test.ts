import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  fromBase64,
  isJsonObject,
  type Json,
  parseStrictJson,
  toBase64,
  toDocument,
} from '@steadfleet/base'
import type { InterfaceRequest } from '@steadfleet/domain'
import type { Generation, GenerationPackage } from '@steadfleet/engine'
import { type Envelope, parseEnvelopeBytes } from '@steadfleet/trust'
import { readGeneration, writeGeneration } from './change/generations.ts'
import { copiesOf, readCopies } from './disk/copies.ts'
import { TestDevice } from './testing/device.test.ts'
import { PretendFleet } from './testing/pretend-fleet.test.ts'
import { type StatementName, writeStatement } from './trust/statement-file.ts'

const declared: InterfaceRequest = {
  interface: 'network',
  endpoints: [{ host: 'api.example.com', port: 443 }],
}
const asked = [
  { interface: 'camera', reason: 'to see who rings' },
  { ...declared, reason: 'it asks' },
]

/** What somebody with a text editor and a little patience does, who knows every digest but has no key. */
const changes: [what: string, code: string, change: (device: TestDevice) => Promise<void>][] = [
  [
    'whose record of what runs grants more',
    'agent/widened',
    device =>
      changeGeneration(device, one => ({
        ...one,
        grants: ['camera', 'network'],
        interfaces: ['camera', 'network'],
      })),
  ],
  [
    'whose record of what runs asks for more',
    'agent/widened',
    device =>
      changeGeneration(device, one => ({
        ...one,
        behaviour: {
          ...one.behaviour,
          interfaces: [{ interface: 'network', endpoints: 'anywhere' }],
        },
      })),
  ],
  [
    'whose order grants more',
    'trust/torn-state',
    async device => {
      await changeStatement(device, 'order.json', order => ({
        ...order,
        releases: (order.releases as { [name: string]: Json }[]).map(one => ({
          ...one,
          grants: ['camera', 'network'],
        })),
      }))
    },
  ],
  [
    'whose ceiling is higher',
    'trust/torn-state',
    device =>
      changeStatement(device, 'policy.json', policy => ({
        ...policy,
        ceiling: { ...(policy.ceiling as object), microphone: ['*'] },
      })),
  ],
]

describe('a device', { concurrency: 2 }, () => {
  for (const [what, code, change] of changes) {
    test(`${what} than was signed opens no more for it, without its server, and tells`, async () => {
      const fleet = await PretendFleet.start({ interfaces: ['camera', 'network'] })
      const device = await TestDevice.join(fleet)
      try {
        const facts = { behaviour: { interfaces: asked } }
        const release = await fleet.publish('acme/hub', 1, { 'bin/main': 'well\n' }, facts)
        await fleet.give([{ ...release, grants: ['network'] }])
        await fleet.untilState('committed', 1)
        assert.deepEqual(openedFor(device), [declared])
        await device.stop()
        device.apps.running.clear()
        await change(device)
        fleet.faults.status = 503
        await device.start()
        assert.deepEqual(openedFor(device), [declared])
        fleet.faults.status = 0
        const event = await fleet.until('it to be told', () =>
          fleet.events.find(one => one.code === code),
        )
        assert.match(event.message, /^cannot (open|read)/)
        const second = await fleet.publish('acme/hub', 2, { 'bin/main': 'better\n' }, facts)
        await fleet.give([{ ...second, grants: ['network'] }])
        await fleet.untilState('committed', 2)
        assert.deepEqual(openedFor(device), [declared])
      } finally {
        await device[Symbol.asyncDispose]().finally(() => fleet.close())
      }
    })
  }
})

function openedFor({ apps }: TestDevice): InterfaceRequest[] {
  return [...(apps.running.get('acme/hub main')?.opened ?? [])]
}

async function changeGeneration(
  { paths }: TestDevice,
  change: (one: GenerationPackage) => GenerationPackage,
): Promise<void> {
  const held = await readGeneration(paths, 1)
  assert.ok(held)
  const changed: Generation = { ...held, packages: held.packages.map(change) }
  await writeGeneration(paths, changed)
}

async function changeStatement(
  { paths }: TestDevice,
  name: StatementName,
  change: (statement: { [name: string]: Json }) => object,
): Promise<void> {
  const copies = copiesOf(`${paths.trust}/${name}`, 2)
  const { value } = await readCopies<Envelope>(copies, body => parseEnvelopeBytes(body))
  assert.ok(value)
  const statement = parseStrictJson(fromBase64(value.payload))
  assert.ok(isJsonObject(statement))
  const payload = toBase64(toDocument(change(statement) as Json))
  await writeStatement(paths.trust, name, { ...value, payload })
}
