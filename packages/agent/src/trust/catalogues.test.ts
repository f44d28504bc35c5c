import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { addRelease, nextVersion, releaseTarget } from '@steadfleet/authority'
import {
  freshen,
  type PretendCatalogue,
  pretendCatalogue,
  seal,
} from '@steadfleet/authority/testing'
import { digestOf } from '@steadfleet/base'
import type { OrderedRelease } from '@steadfleet/trust'
import type { PretendFleet, Release } from '../testing/pretend-fleet.test.ts'
import { adoptLamp, type Stage, withFleet } from '../testing/stage.test.ts'

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

interface Two extends Stage {
  readonly hub: Release
}

let garden: PretendCatalogue

/** A device that runs the hub, of an owner who then adopts the lamp into a catalogue of its own. */
function withTwo(story: (two: Two) => Promise<void>): Promise<void> {
  return withFleet(async ({ fleet, device }) => {
    const hub = await fleet.publish('acme/hub', 1, good)
    await fleet.give([hub])
    await fleet.untilState('committed', 1)
    garden = await pretendCatalogue(new Date())
    fleet.catalogues.set('garden', garden.files)
    await adoptLamp(fleet, garden)
    fleet.look()
    await story({ fleet, device, hub })
  })
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
