import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { parseEnvelopeBytes, reopenPolicy } from '@steadfleet/trust'
import type { PretendFleet, Release } from '../testing/pretend-fleet.test.ts'
import { type Stage, withFleet } from '../testing/stage.test.ts'

const good = { 'bin/main': 'well\n' }

/** How an owner may say that a publisher does not count any more. */
const ways = {
  'refuses by name': { allowed: ['acme'], refused: ['acme'] },
  'allows no more': { allowed: ['bolt'], refused: [] },
} as const

describe('a device that runs a release of a publisher whom its owner', { timeout: 60_000 }, () => {
  for (const [way, lists] of Object.entries(ways)) {
    test(`${way}, runs it on, is told so, and takes orders that list it`, () =>
      withHub(async ({ fleet, device, hub }) => {
        await disallow(fleet, lists)
        const told = await fleet.until('what stays', () =>
          fleet.events.find(({ details }) => details?.policy === 2),
        )
        assert.deepEqual(told.details, {
          package: 'acme/hub',
          revision: 1,
          policy: 2,
        })
        await fleet.give([{ ...hub, settings: { loud: true } }])
        await fleet.untilState('committed', 1)
        const { settings = '' } = device.apps.running.get('acme/hub main') ?? {}
        assert.equal(JSON.parse(readFileSync(settings, 'utf8')).loud, true)
        assert.equal((await device.agent?.status())?.disallowed.length, 1)
      }))

    test(`${way}, takes no next revision, and nothing beside it`, () =>
      withHub(async ({ fleet, device, hub }) => {
        await disallow(fleet, lists)
        await fleet.give([await publish(fleet, 'acme/hub', 2)])
        await refusals(fleet, 1)
        await fleet.give([hub, await publish(fleet, 'acme/lamp', 1)])
        await refusals(fleet, 2)
        assert.deepEqual([...device.apps.running.keys()], ['acme/hub main'])
        assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
      }))
  }

  test('refused, lets it go where it is ordered without it, and never back in', () =>
    withHub(async ({ fleet, device, hub }) => {
      await disallow(fleet, ways['refuses by name'])
      await fleet.give([])
      await fleet.until('nothing that runs', () =>
        device.apps.running.size === 0 ? true : undefined,
      )
      await fleet.until('a report of nothing', () =>
        fleet.reports.at(-1)?.releases.length === 0 ? true : undefined,
      )
      await fleet.give([hub])
      await refusals(fleet, 1)
      assert.equal(device.apps.running.size, 0)
    }))
})

interface HubStage extends Stage {
  readonly hub: Release
}

function withHub(story: (stage: HubStage) => Promise<void>): Promise<void> {
  return withFleet(async ({ fleet, device }) => {
    const hub = await publish(fleet, 'acme/hub', 1)
    await fleet.give([hub])
    await fleet.untilState('committed', 1)
    await story({ fleet, device, hub })
  })
}

function publish(fleet: PretendFleet, name: string, revision: number): Promise<Release> {
  const settings = { loud: { type: 'boolean' as const, default: false } }
  const files = { ...good, own: `${revision}` }
  return fleet.publish(name, revision, files, { behaviour: { settings } })
}

async function disallow(
  fleet: PretendFleet,
  lists: (typeof ways)[keyof typeof ways],
): Promise<void> {
  const held = reopenPolicy(parseEnvelopeBytes(fleet.owner.get('1.policy.json')!))
  await fleet.raiseOwner({ catalogues: held.catalogues.map(one => ({ ...one, ...lists })) })
  fleet.look()
}

/** So many orders refused, each told. */
async function refusals(fleet: PretendFleet, count: number): Promise<void> {
  await fleet.until(`${count} refusals`, () => {
    const told = fleet.events.filter(({ code }) => code === 'trust/not-allowed')
    return told.length >= count ? told : undefined
  })
}
