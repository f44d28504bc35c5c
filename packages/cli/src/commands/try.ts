import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { DeviceView } from '@steadfleet/protocol'
import { getDevice, tryRelease, watchOutput } from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec } from '../command.ts'
import { CliError } from '../error.ts'
import { findDevice, packageParams } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { wakesOf } from '../fleet/wakes.ts'
import { toDuration } from '../output.ts'
import { openProgress } from '../progress.ts'
import { type Published, publishPackage } from '../publish/publish.ts'

/** `steadfleet try DIR DEVICE` */
export const tryPackage: CommandSpec = {
  name: 'try',
  takes: [
    { name: '<dir>', what: 'the folder of a package, or its manifest' },
    { name: '<device>', what: 'a development device: its id or its name' },
  ],
  summary: 'Run an edited folder on one device, confined, and stream back what it prints.',
  options: [{ flags: '--no-follow', what: 'end when it runs' }],
  examples: ['try examples/greenhouse greenhouse-1', 'try . bench-7 --no-follow --json'],
  async run(call) {
    const began = +call.world.now()
    const fleet = await openFleet(call)
    const device = await findDevice(fleet, argument(call, 1))
    const output = call.options.follow === false ? undefined : printOutput(fleet, device, call)
    const published = await publishAndOrder(fleet, device, call)
    const progress = openProgress(call.world.err, call.output.json, () => +call.world.now())
    await progress.task(
      `run on ${device.name}`,
      say => running(fleet, device, published, say),
      view => `generation ${view.generation}`,
    )
    const took = +call.world.now() - began
    const { package: name, revision } = published
    call.output.line(
      { event: 'running', package: name, revision, device: device.id, milliseconds: took },
      `${name} revision ${revision} runs on ${device.name}, ${toDuration(took)} after the edit`,
    )
    await output
  },
}

async function publishAndOrder(fleet: Fleet, device: DeviceView, call: Call): Promise<Published> {
  const progress = openProgress(call.world.err, call.output.json, () => +call.world.now())
  const cache = join(fleet.home.directory, 'cache')
  await mkdir(cache, { recursive: true })
  const published = await progress.task(
    `publish ${argument(call, 0)} to no channel`,
    say =>
      publishPackage(fleet, {
        path: resolve(call.world.directory, argument(call, 0)),
        architectures: [device.architecture],
        cache,
        now: call.world.now(),
        say,
      }),
    ({ revision }) => `revision ${revision}`,
  )
  const params = { device: device.id, ...packageParams(published.package) }
  await fleet.client.call(tryRelease, { params, body: { revision: published.revision } })
  return published
}

/** Waits until the device itself says that its app of this revision runs, or why it does not. */
async function running(
  { client }: Fleet,
  device: DeviceView,
  { package: name, revision }: Published,
  say: (line: string) => void,
): Promise<DeviceView> {
  const began = device.generation
  for await (const _ of wakesOf(client)) {
    const view = await client.call(getDevice, { params: { device: device.id } })
    say(view.state)
    const runs = view.releases.some(one => one.package === name && one.revision === revision)
    if (runs && view.apps.some(app => app.package === name && app.state === 'running')) return view
    if (view.generation > began) refuseReturn(view, name, revision)
  }
  throw new CliError('cli/unreachable', 'cannot wait any longer: the server ended its stream')
}

function refuseReturn({ state, name: device }: DeviceView, name: string, revision: number): void {
  if (state !== 'restored' && state !== 'aborted') return
  const message = `cannot run ${name} revision ${revision} on ${device}: it went back to what it ran`
  const hint = `steadfleet device timeline ${device} says why`
  throw new CliError('cli/refused', message, { hint })
}

/** Prints what the device's apps print until Ctrl-C, which is how this ends well. */
async function printOutput({ client }: Fleet, device: DeviceView, call: Call): Promise<void> {
  try {
    const params = { device: device.id }
    // The server ends what nobody asks for again.
    for (;;) {
      for await (const { data } of client.follow(watchOutput, { params })) {
        const said: { app: string; lines: readonly string[] } = JSON.parse(data)
        for (const text of said.lines)
          call.output.line({ app: said.app, text }, `${said.app} | ${text}`)
      }
    }
  } catch (error) {
    if (!call.world.interrupted.aborted) throw error
  }
}
