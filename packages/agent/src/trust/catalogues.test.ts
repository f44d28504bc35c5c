import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  addRelease,
  makePolicy,
  nextVersion,
  releaseTarget,
  signerFromSeed,
  signStatement,
  toEnvelopeBytes,
} from '@steadfleet/authority'
import {
  freshen,
  type PretendCatalogue,
  pretendCatalogue,
  seal,
} from '@steadfleet/authority/testing'
import { digestOf } from '@steadfleet/base'
import {
  type OrderedRelease,
  parseEnvelopeBytes,
  payloadTypes,
  reopenPolicy,
} from '@steadfleet/trust'
import { TestDevice } from '../testing/device.test.ts'
import { PretendFleet, type Release } from '../testing/pretend-fleet.test.ts'

const good = { 'bin/main': 'well\n' }

describe('a device that follows two catalogues', { timeout: 60_000 }, () => {
  test('goes on with one, and with what runs, when the other is gone', () =>
    withTwo(async ({ fleet, device, hub }) => {
      const fix = await publishInGarden(fleet, 2)
      breakFirst(fleet)
      await giveFrom(fleet, [
        ['acme', hub],
        ['garden', fix],
      ])
      await fleet.untilState('committed', 2, 'acme/lamp')
      assert.deepEqual([...device.apps.running.keys()].sort(), ['acme/hub main', 'acme/lamp main'])
      await fleet.untilEvent('security', 'trust/missing-metadata')
    }))

  test('takes nothing new from the one that is gone', () =>
    withTwo(async ({ fleet, device, hub }) => {
      const fix = await publishInGarden(fleet, 2)
      const next = await fleet.publish('acme/hub', 2, { ...good, own: '2' })
      breakFirst(fleet)
      await giveFrom(fleet, [
        ['acme', next],
        ['garden', fix],
      ])
      await fleet.untilEvent('security', 'trust/missing-metadata')
      assert.equal(device.apps.running.get('acme/hub main')?.revision, hub.record.revision)
    }))

  test('tells that a package was adopted, and keeps the floor that went over', () =>
    withTwo(async ({ fleet, hub }) => {
      const told = await fleet.until('the adoption told', () =>
        fleet.events.find(({ details }) => details?.catalogue === 'garden'),
      )
      assert.deepEqual(told.details, {
        package: 'acme/lamp',
        publisher: 'acme',
        catalogue: 'garden',
        floor: 2,
        policy: 2,
      })
      const old = await publishInGarden(fleet, 1)
      await giveFrom(fleet, [
        ['acme', hub],
        ['garden', old],
      ])
      await fleet.untilEvent('security', 'trust/below-floor')
    }))

  test('takes an adopted package from its old catalogue no more', () =>
    withTwo(async ({ fleet, hub }) => {
      const old = await fleet.publish('acme/lamp', 3, { ...good, own: '3' })
      await giveFrom(fleet, [
        ['acme', hub],
        ['acme', old],
      ])
      await fleet.untilEvent('security', 'trust/not-allowed')
    }))
})

interface Two {
  readonly fleet: PretendFleet
  readonly device: TestDevice
  readonly hub: Release
}

let garden: PretendCatalogue

/** A device that runs the hub, of an owner who then adopts the lamp into a catalogue of its own. */
async function withTwo(story: (two: Two) => Promise<void>): Promise<void> {
  const fleet = await PretendFleet.start()
  const device = await TestDevice.join(fleet)
  try {
    const hub = await fleet.publish('acme/hub', 1, good)
    await fleet.give([hub])
    await fleet.untilState('committed', 1)
    garden = await pretendCatalogue(new Date())
    fleet.catalogues.set('garden', garden.files)
    await adoptLamp(fleet)
    await story({ fleet, device, hub })
  } finally {
    await device[Symbol.asyncDispose]().finally(() => fleet.close())
  }
}

async function adoptLamp(fleet: PretendFleet): Promise<void> {
  const held = reopenPolicy(parseEnvelopeBytes(fleet.owner.get('1.policy.json')!))
  const named = { name: 'garden', root: garden.firstRoot, allowed: ['acme'], refused: [] }
  const adoption = {
    package: 'acme/lamp',
    from: { catalogue: 'acme', publisher: 'acme' },
    to: { catalogue: 'garden', publisher: 'acme' },
    floor: 2,
  }
  const catalogues = [...held.catalogues, named]
  const next = { ...held, version: 2, catalogues, adoptions: [adoption] }
  const signers = [7, 8, 9].map(n => signerFromSeed(new Uint8Array(32).fill(n)))
  const policy = makePolicy(next, new Date())
  const envelope = await signStatement(payloadTypes.policy, policy, signers)
  fleet.owner.set('2.policy.json', toEnvelopeBytes(envelope))
  fleet.look()
}

/** The first catalogue names a snapshot from now on that nobody has. */
function breakFirst({ catalogue }: PretendFleet): void {
  for (const name of catalogue.keys()) if (name.endsWith('.snapshot.json')) catalogue.delete(name)
}

/** A revision of the lamp that only the owner's own catalogue has. */
async function publishInGarden(fleet: PretendFleet, revision: number): Promise<Release> {
  const release = await fleet.publish('acme/lamp', revision, { ...good, own: `${revision}` })
  const { path, target } = releaseTarget(release.record, release.recordBytes)
  const { signed } = garden
  signed.acme = nextVersion(addRelease(signed.acme, path, target), 'publisher', new Date())
  await seal(garden, 'acme')
  await freshen(garden, new Date())
  return release
}

/** Orders releases, each from the catalogue beside it. */
async function giveFrom(
  fleet: PretendFleet,
  releases: readonly (readonly [catalogue: string, Release])[],
): Promise<void> {
  const rows = releases.map(
    ([catalogue, { record, recordBytes }]): OrderedRelease => ({
      catalogue,
      package: record.package,
      revision: record.revision,
      architecture: record.architecture,
      record: { digest: digestOf(recordBytes), length: recordBytes.length },
      settings: {},
      grants: ['network'],
    }),
  )
  await fleet.give([], { releases: rows })
}
