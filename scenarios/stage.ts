import { randomBytes, randomInt } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Actor, deviceModel, Stage } from '../packages/cli/src/demo/stage.ts'
import { channelParams, packageParams } from '../packages/cli/src/fleet/find.ts'
import { initFleet } from '../packages/cli/src/fleet/init.ts'
import type { Published } from '../packages/cli/src/publish/publish.ts'
import type { World } from '../packages/cli/src/world.ts'
import { parseChannelName, type Rollout } from '../packages/domain/src/index.ts'
import {
  type DeviceView,
  followChannel,
  listRollouts,
  moveChannel,
} from '../packages/protocol/src/index.ts'
import { publishFolder } from './publish-folder.ts'

/** A fleet of one real device on a real server, which the test's end takes down. */
export interface Story {
  readonly stage: Stage
  readonly actor: Actor
  readonly directory: string
  publish(folder: string): Promise<Published>
  /** Points `latest/stable` at a revision and waits until its rollout is over. */
  roll(published: Published): Promise<Rollout>
  device(): Promise<DeviceView>
  /** The device, once no change is under way on it. */
  settled(): Promise<DeviceView>
}

const settledStates: readonly DeviceView['state'][] = ['committed', 'aborted', 'restored', 'rescue']

const channel = parseChannelName('latest/stable')

export async function openStory(t: TestContext, cache: string): Promise<Story> {
  const directory = await mkdtemp(join(tmpdir(), 'steadfleet-story-'))
  const world = worldOf(t, directory)
  const home = join(directory, 'fleet')
  const stage = await Stage.open(home, world)
  t.after(async () => {
    if (!t.passed) t.diagnostic(lastWordsOf(stage))
    await stage.close()
    await rm(directory, { recursive: true, force: true })
  })
  const actor = stage.actors[0]!
  const model = deviceModel.slice('acme/'.length)
  const choices = {
    fleet: 'bench',
    publisher: 'acme',
    model,
    required: [],
    server: stage.scene.origin,
    keys: 'unencrypted',
  } as const
  const made = await initFleet(home, choices, world)
  await stage.startServer(made.home)
  await stage.join(actor)
  await stage.startAgent(actor)
  return {
    stage,
    actor,
    directory,
    publish: path => publishFolder(stage.fleet, { path, cache }),
    roll: published => roll(stage, published),
    device: () => stage.deviceOf(actor),
    settled: () =>
      stage.watch.until(
        `${actor.name} settled`,
        () => settled(stage, actor),
        () => undefined,
      ),
  }
}

async function settled(stage: Stage, actor: Actor): Promise<DeviceView | undefined> {
  const device = await stage.deviceOf(actor)
  return settledStates.includes(device.state) ? device : undefined
}

/** What the agent and the server said last, for whoever must find out why a story failed. */
function lastWordsOf({ scene, actors }: Stage): string {
  const logs = ['server', actors[0]!.name].map(name => scene.logOf(name)).filter(existsSync)
  return logs.map(log => readFileSync(log, 'utf8').split('\n').slice(-30).join('\n')).join('\n\n')
}

async function roll(stage: Stage, published: Published): Promise<Rollout> {
  const { client, home } = stage.fleet
  const name = packageParams(published.package)
  const body = { revision: published.revision }
  const moved = await client.call(moveChannel, {
    params: { ...name, ...channelParams(channel) },
    body,
  })
  const followed = { params: { fleet: home.fleet, ...name }, body: { channel } }
  const begun = moved.rollouts.length > 0 ? moved : await client.call(followChannel, followed)
  const id = begun.rollouts[0]?.id
  const isOver = ({ id: found, state }: Rollout): boolean =>
    found === id && (state === 'done' || state === 'halted')
  const look = async (): Promise<Rollout | undefined> =>
    (await client.call(listRollouts, {})).find(isOver)
  return stage.watch.until(`the end of rollout ${id}`, look, () => undefined)
}

function worldOf(t: TestContext, directory: string): World {
  return {
    environment: process.env,
    directory,
    out: process.stderr,
    err: process.stderr,
    isRoot: process.geteuid?.() === 0,
    interrupted: t.signal,
    now: () => new Date(),
    random: length => randomBytes(length),
  }
}

/** Below those that the kernel gives to whoever connects: nobody takes it before it is listened on. */
const ports = { from: 15_000, to: 32_000 }

/** A port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(ports.from, ports.to)
    if (await isFree(port)) return port
  }
  throw new RangeError(`no port from ${ports.from} to ${ports.to} is free`)
}

function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = createServer().once('error', () => resolve(false))
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  return promise
}
