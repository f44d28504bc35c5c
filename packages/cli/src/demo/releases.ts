import { join } from 'node:path'
import {
  devicesIn,
  type Failure,
  parseChannelName,
  type Rollout,
  sumTallies,
} from '@steadfleet/domain'
import {
  deviceTimeline,
  followChannel,
  listChannels,
  listFailures,
  listFleets,
  listReleases,
  listRollouts,
  moveChannel,
  setSettings,
} from '@steadfleet/protocol'
import { channelParams, packageParams } from '../fleet/find.ts'
import { ownArchitecture } from '../machine.ts'
import { toSize } from '../output.ts'
import type { Say } from '../progress.ts'
import { publishPackage } from '../publish/publish.ts'
import { check } from './check.ts'
import { askGreenhouse, type Greenhouse, tryGreenhouse } from './http.ts'
import { copyRevision, greenhouse, versionOf } from './revisions.ts'
import type { Actor, Stage } from './stage.ts'

const channel = 'latest/stable'

/** Point 4: every device verifies, installs, confines and starts revision 1, or holds a later one. */
export async function takeFirstRelease(stage: Stage, say: Say): Promise<string> {
  const sent = await publish(stage, 1, say)
  await follow(stage)
  await moveTo(stage, 1)
  const settled = await everyDeviceRuns(stage, 1, say)
  return `${sent}; ${settled.join(', ')}`
}

/** Point 5: the devices take revision 2 and fetch only what changed. */
export async function acceptGoodRelease(stage: Stage, say: Say): Promise<string> {
  const sent = await publish(stage, 2, say)
  await moveTo(stage, 2)
  await everyDeviceRuns(stage, 2, say)
  const fetched = await fetchedBytes(stage, 2)
  const size = await sizeOf(stage, 2)
  check(fetched.length > 0, 'the devices say what they fetched', 'no device did')
  const most = Math.max(...fetched)
  check(most < size / 100, 'only what changed was fetched', `${most} of ${size} bytes`)
  return `${sent}; fetched ${toSize(most)} a device of a tree of ${toSize(size)}`
}

/** Point 6: the first device fails its probation, returns to 2 with its data; the rollout halts. */
export async function haltBadRelease(stage: Stage, say: Say): Promise<string> {
  const before = await everyDeviceRuns(stage, 2, say).then(() => readings(stage))
  await publish(stage, 3, say)
  await moveTo(stage, 3)
  const halted = await stage.watch.until(
    'the rollout halted',
    () => rolloutOf(stage, 3, 'halted'),
    say,
  )
  await everyDeviceRuns(stage, 2, say)
  const failure = await failureOf(stage, 3)
  const after = await readings(stage)
  check(
    after.every(({ count }, i) => count >= (before[i]?.count ?? 0)),
    'no device lost a reading',
    `${before.map(one => one.count)} became ${after.map(one => one.count)}`,
  )
  const tally = sumTallies(halted.tallies)
  const tried = devicesIn(tally) - tally.waiting
  check(tried === 1, 'the other two never left revision 2', `${tried} were ordered`)
  await refuseOtherTries(stage, failure.device)
  for (const line of failure.failure.log.slice(-3)) say(`${failure.deviceName} | ${line}`)
  return `${failure.deviceName} went back to 2, the rollout ${halted.state}: ${reasonOf(failure.failure)}`
}

function reasonOf({ reason, exit, signal, log }: Failure): string {
  const how = signal ?? (exit === undefined ? 'no exit seen' : `exit ${exit}`)
  return `${reason}, ${how}, “${log.at(-1) ?? 'no log'}”`
}

/** Publishes a revision of the story, unless it is there. */
async function publish(stage: Stage, revision: number, say: Say): Promise<string> {
  const { client } = stage.fleet
  const releases = await client.call(listReleases, { query: {} })
  if (releases.some(one => one.package === greenhouse && one.revision === revision)) {
    return 'published before'
  }
  const { directory } = stage.scene
  const path = await copyRevision(revision, join(directory, 'demo', `greenhouse-${revision}`))
  const { releases: made } = await publishPackage(stage.fleet, {
    path,
    architectures: [ownArchitecture()],
    revision,
    cache: join(directory, 'cache'),
    now: stage.world.now(),
    say,
  })
  const sent = made.reduce((sum, { uploaded }) => sum + uploaded.sent, 0)
  return `sent ${toSize(sent)}`
}

/** Lets the fleet run the package; a device that shares its network is told its own port first. */
async function follow(stage: Stage): Promise<void> {
  const { home, client } = stage.fleet
  const fleets = await client.call(listFleets, {})
  if (fleets.some(({ packages }) => packages.some(one => one.package === greenhouse))) return
  const params = { fleet: home.fleet, ...packageParams(greenhouse) }
  await client.call(followChannel, { params, body: { channel: parseChannelName(channel) } })
  for (const actor of stage.actors) await assignPort(stage, actor)
}

async function assignPort(stage: Stage, actor: Actor): Promise<void> {
  const { settings } = stage.scene.ground.place(actor.number)
  if (Object.keys(settings).length === 0) return
  const { home, client } = stage.fleet
  const { id } = await stage.deviceOf(actor)
  const scope = { scope: 'device', target: id } as const
  const params = { fleet: home.fleet, ...packageParams(greenhouse), ...scope }
  await client.call(setSettings, { params, body: { values: settings } })
}

/** Moves the channel forward; a channel that is further already stays. */
async function moveTo(stage: Stage, revision: number): Promise<void> {
  const { client } = stage.fleet
  const channels = await client.call(listChannels, {})
  const held = channels.find(one => one.package === greenhouse && one.channel === channel)
  if (held && held.revision >= revision) return
  const params = { ...packageParams(greenhouse), ...channelParams(channel) }
  await client.call(moveChannel, { params, body: { revision } })
}

/** Waits until each device's own signed report names the revision, or a later one, and its app answers. */
async function everyDeviceRuns(stage: Stage, revision: number, say: Say): Promise<string[]> {
  return stage.watch.until(
    `revision ${revision} on every device`,
    async () => {
      await refuseHalt(stage, revision)
      const devices = await stage.devices()
      const ready = devices.filter(({ state, releases }) => {
        const isSettled = state === 'committed' || state === 'restored'
        const held = releases.find(one => one.package === greenhouse)
        return isSettled && held !== undefined && held.revision >= revision
      })
      if (ready.length < stage.actors.length) return undefined
      const answers = await Promise.all(stage.actors.map(({ url }) => tryGreenhouse(url)))
      if (answers.some(answer => !answer || answer.version < versionOf(revision))) return undefined
      return stage.actors.map(({ name, url }) => `${name} at ${url}`)
    },
    say,
  )
}

/** A rollout of a good revision that halts won't go on by itself: waiting for it is no use. */
async function refuseHalt(stage: Stage, revision: number): Promise<void> {
  const halted = await rolloutOf(stage, revision, 'halted')
  check(!halted, `revision ${revision} is good`, halted?.why ?? '')
}

function readings(stage: Stage): Promise<Greenhouse[]> {
  return Promise.all(stage.actors.map(({ url }) => askGreenhouse(url)))
}

/** What each device says it fetched when it took a revision, from its own events. */
async function fetchedBytes(stage: Stage, revision: number): Promise<number[]> {
  const { client } = stage.fleet
  const tree = await sizeOf(stage, revision)
  const all = await Promise.all(
    (await stage.devices()).map(({ id }) =>
      client.call(deviceTimeline, { params: { device: id }, query: { limit: 500 } }),
    ),
  )
  return all.flatMap(entries => {
    // The oldest: a later change of a setting fetches nothing of the same tree.
    const found = entries.findLast(({ event }) => {
      return event.details?.package === greenhouse && event.details.size === tree
    })
    const bytes = found?.event.details?.bytes
    return typeof bytes === 'number' ? [bytes] : []
  })
}

async function sizeOf(stage: Stage, revision: number): Promise<number> {
  const releases = await stage.fleet.client.call(listReleases, { query: {} })
  const found = releases.find(one => one.package === greenhouse && one.revision === revision)
  return found?.size ?? 0
}

async function rolloutOf(
  stage: Stage,
  revision: number,
  state: Rollout['state'],
): Promise<Rollout | undefined> {
  const rollouts = await stage.fleet.client.call(listRollouts, {})
  return rollouts.find(
    one => one.package === greenhouse && one.revision === revision && one.state === state,
  )
}

async function failureOf(stage: Stage, revision: number) {
  const failures = await stage.fleet.client.call(listFailures, { query: { limit: 100 } })
  const found = failures.find(
    ({ failure }) => failure.package === greenhouse && failure.revision === revision,
  )
  check(found !== undefined, 'the failure was reported', `${failures.length} others were`)
  check(found.failure.log.length > 0, 'it came with log lines', 'there are none')
  return found
}

/** No device but the one that failed ever said a word about the revision. */
async function refuseOtherTries(stage: Stage, failed: string): Promise<void> {
  const { client } = stage.fleet
  for (const { id, name } of await stage.devices()) {
    if (id === failed) continue
    const entries = await client.call(deviceTimeline, { params: { device: id }, query: {} })
    const tried = entries.some(({ event }) => event.failure?.revision === 3)
    check(!tried, `${name} never tried revision 3`, 'its timeline tells of it')
  }
}
