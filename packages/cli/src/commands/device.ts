import type { DeviceId } from '@steadfleet/domain'
import {
  createEnrolmentToken,
  type DeviceView,
  getDevice,
  type TimelineEntry,
  deviceTimeline as timelineRoute,
  toWaitingLine,
  watchOutput,
} from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { everyDevice, whichOf, whichOptions } from '../fleet/device-sets.ts'
import { findDevice, wholeNumber } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'
import { isolationText } from './isolation.ts'

const device = { name: '<device>', what: 'its id or its name' }

/** `steadfleet device list` */
export const deviceList: CommandSpec = {
  name: 'device list',
  summary: 'List the devices of the fleet, all of them or those that are asked for.',
  options: [
    ...whichOptions,
    { flags: '--gone', what: 'those that are decommissioned, in place of the others' },
  ],
  examples: [
    'device list',
    'device list --search north',
    `device list --query 'labels.site == "north" && packages["acme/greenhouse"] < 3' --json`,
  ],
  async run(call) {
    const which = { ...whichOf(call), ...(call.options.gone === true && { gone: true }) }
    const devices = await everyDevice(await openFleet(call), which)
    call.output.answer(devices, () =>
      toTable(
        ['device', 'name', 'state', 'presence', 'runs', 'last seen'],
        devices.map(toRow),
        'no device has joined yet: steadfleet device enrol',
      ),
    )
  },
}

/** `steadfleet device show DEVICE` */
export const deviceShow: CommandSpec = {
  name: 'device show',
  takes: [device],
  summary: 'Show one device: what it runs, and how its apps are.',
  examples: ['device show greenhouse-1', 'device show greenhouse-1 --json'],
  async run(call) {
    const fleet = await openFleet(call)
    const { id } = await findDevice(fleet, argument(call, 0))
    const found = await fleet.client.call(getDevice, { params: { device: id } })
    call.output.answer(found, () => toText(found))
  },
}

/** `steadfleet device timeline DEVICE` */
export const deviceTimeline: CommandSpec = {
  name: 'device timeline',
  takes: [device],
  summary: 'Show what happened on a device: what changed, when, why; newest first.',
  options: [{ flags: '--limit <count>', what: 'at most so many entries', otherwise: '50' }],
  examples: ['device timeline greenhouse-1', 'device timeline greenhouse-1 --limit 200 --json'],
  async run(call) {
    const fleet = await openFleet(call)
    const { id } = await findDevice(fleet, argument(call, 0))
    const limit = wholeNumber(textOption(call, 'limit') ?? '', 'a count')
    const entries = await fleet.client.call(timelineRoute, {
      params: { device: id },
      query: { limit },
    })
    for (const entry of entries) call.output.line(entry, entryText(entry))
  },
}

/** `steadfleet device logs DEVICE APP` */
export const deviceLogs: CommandSpec = {
  name: 'device logs',
  takes: [device, { name: '<app>', what: 'the name of an app of any package on it' }],
  summary:
    'Show what an app prints from now on: until Ctrl-C, or for ten minutes or 8 MiB. It is told in the audit log.',
  examples: ['device logs greenhouse-1 web', 'device logs greenhouse-1 web --json'],
  async run(call) {
    const fleet = await openFleet(call)
    const { id, apps, name } = await findDevice(fleet, argument(call, 0))
    const app = argument(call, 1)
    if (!apps.some(one => one.app === app)) {
      const hint = `its apps: ${apps.map(one => one.app).join(', ') || 'none'}`
      throw new CliError('cli/not-found', `cannot show ${app}: ${name} has no such app`, { hint })
    }
    await printLines(fleet, call, id, app)
  },
}

async function printLines(
  { client }: Fleet,
  call: Call,
  device: DeviceId,
  app: string,
): Promise<void> {
  const { interrupted: signal } = call.world
  try {
    for await (const { data } of client.follow(watchOutput, { params: { device }, signal })) {
      const said: { package: string; app: string; lines: readonly string[] } = JSON.parse(data)
      if (said.app !== app) continue
      for (const text of said.lines) call.output.line({ package: said.package, app, text }, text)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** `steadfleet device enrol` */
export const deviceEnrol: CommandSpec = {
  name: 'device enrol',
  summary: 'Print the one line that joins a machine to the fleet; it works once.',
  options: [{ flags: '--valid <seconds>', what: 'how long the line works', otherwise: '3600' }],
  examples: ['device enrol', 'device enrol --valid 600 --json'],
  async run(call) {
    const { home, client } = await openFleet(call)
    const seconds = wholeNumber(textOption(call, 'valid') ?? '', 'a count of seconds')
    const made = await client.call(createEnrolmentToken, {
      params: { fleet: home.fleet },
      body: { 'valid-seconds': seconds },
    })
    call.output.note(`paste this on the machine that joins, before ${made.expiresAt}:`)
    call.output.answer(made, () => made.command)
  },
}

function toRow(view: DeviceView): string[] {
  const runs = view.releases.map(({ package: name, revision }) => `${name}@${revision}`)
  const runsOrNot = runs.join(' ') || '–'
  return [view.id, view.name, view.state, presenceOf(view), runsOrNot, view.seenAt ?? 'never']
}

/** Silence outweighs an open stream: who drops a device's requests may leave its stream open. */
function presenceOf({ online, silentSince }: DeviceView): string {
  if (silentSince !== null) return `silent since ${silentSince}`
  return online ? 'online' : 'offline'
}

const stays = ': it stays; the policy lets nothing new of it in'

function toText(view: DeviceView): string {
  const releases = view.releases.map(
    ({ package: name, revision, version }) =>
      `  ${name} revision ${revision} (${version})${view.disallowed.includes(name) ? stays : ''}`,
  )
  const apps = view.apps.map(
    ({ package: name, app, state, restarts }) => `  ${name} ${app}: ${state}, ${restarts} restarts`,
  )
  const facts = Object.entries(view.attributes).map(([name, value]) => `  ${name}: ${value}`)
  return [
    `${view.name}  ${view.id}`,
    `model ${view.model}, ${view.architecture}, fleet ${view.fleet}, log ${view.log}`,
    `${presenceOf(view)}, last seen ${view.seenAt ?? 'never'}`,
    `${view.state}, generation ${view.generation}, order ${view.counter} of ${view.orderedCounter}`,
    ...(view.waiting ? [`waits: ${toWaitingLine(view.waiting)}`] : []),
    ...(view.isolation ? [isolationText(view.isolation)] : []),
    ...whatPeopleSay(view),
    'runs',
    ...(releases.length === 0 ? ['  nothing yet'] : releases),
    ...(apps.length === 0 ? [] : ['apps', ...apps]),
    ...(facts.length === 0 ? [] : ['says of itself', ...facts]),
  ].join('\n')
}

function whatPeopleSay({ labels, groups = [], pins = [], ...view }: DeviceView): string[] {
  const labelled = Object.entries(labels).map(([name, value]) => `${name}=${value}`)
  return [
    ...(view.goneSince ? [`decommissioned since ${view.goneSince}`] : []),
    ...(view.heldSince ? [`held since ${view.heldSince}: no rollout moves it`] : []),
    ...pins.map(pin => `pinned: ${pin.package} at revision ${pin.revision}`),
    ...(labelled.length > 0 ? [`labels ${labelled.join(', ')}`] : []),
    ...(groups.length > 0 ? [`groups ${groups.join(', ')}`] : []),
    ...(view.note ? [`note: ${view.note}`] : []),
  ]
}

/** One entry of a timeline as a line, with the log lines of a failure under it. */
export function entryText({ event }: TimelineEntry): string {
  const code = event.code === undefined ? '' : `  [${event.code}]`
  const log = event.failure?.log ?? []
  const head = `${event.at}  ${event.kind.padEnd(8)}  ${event.message}${code}`
  return [head, ...log.map(line => `    | ${line}`)].join('\n')
}
