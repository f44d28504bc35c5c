import { isCoded } from '@steadfleet/base'
import { type PackageName, toTimestamp } from '@steadfleet/domain'
import { listChannels, listReleases, moveChannel, tryRelease } from '@steadfleet/protocol'
import { announce } from '../announce.ts'
import { bringRelease } from '../catalogue/bring.ts'
import { refuseWithdrawn } from '../catalogue/refuse-withdrawn.ts'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { nameOf } from '../http/permissions.ts'
import { refuseNotLogged } from '../log/refuse-not-logged.ts'
import { deviceWithId } from '../store/device-store.ts'
import { allChannels, releasesOf } from '../store/release-store.ts'
import { rolloutWithId } from '../store/rollout-store.ts'
import { toChannelView, toReleaseViews } from '../views/views.ts'

/** Releases, and the channels that point at them. */
export function handleReleases(handle: Handle, house: House): void {
  const { store, world, orderer } = house
  const { db } = store

  handle(listReleases, async ({ query }) =>
    toReleaseViews(house, await releasesOf(db, query.package)),
  )

  handle(listChannels, async () => (await allChannels(db)).map(toChannelView))

  handle(moveChannel, async ({ params, body, caller, write }) => {
    const name = `${params.publisher}/${params.name}`
    const channel = `${params.track}/${params.risk}`
    const now = toTimestamp(world.now())
    const { revision, phases, 'starts-at': startsAt, 'restore-data': restoresData } = body
    const by = nameOf(caller)
    const how = { phases, startsAt, restoresData }
    const move = { package: name, channel, revision, ...how, by, now }
    await makeReady(house, name, revision)
    const { rollouts } = await orAsked(write('moveChannel', move), () =>
      write('askReview', { package: name, revision, by, now }),
    )
    await orderer.nudge()
    announce(house, 'releases')
    for (const rollout of rollouts) announce(house, 'rollouts', { rollout })
    return {
      channel: toChannelView({ package: name as PackageName, channel, revision, moved_at: now }),
      rollouts: await Promise.all(rollouts.map(id => rolloutWithId(db, id))),
    }
  })

  handle(tryRelease, async ({ params, body, write }) => {
    const name = `${params.publisher}/${params.name}`
    await makeReady(house, name, body.revision)
    await write('tryRelease', {
      device: params.device,
      package: name,
      revision: body.revision,
    })
    await orderer.settle()
    return { counter: (await deviceWithId(db, params.device)).ordered_counter }
  })
}

/** What a reviewer must see first is put on the reviewers' list, and refused. */
async function orAsked<T>(move: Promise<T>, ask: () => Promise<void>): Promise<T> {
  try {
    return await move
  } catch (error) {
    if (isCoded(error, 'release/not-reviewed')) await ask()
    throw error
  }
}

/** Refuses to order what devices would refuse, and brings here what they will fetch. */
async function makeReady(house: House, name: string, revision: number): Promise<void> {
  await refuseWithdrawn(house, name, revision)
  await refuseNotLogged(house, name, revision)
  await bringRelease(house, name, revision)
}
