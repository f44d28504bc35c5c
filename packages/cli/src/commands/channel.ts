import { parseChannelName, type Rollout, toTimestamp } from '@steadfleet/domain'
import { followChannel, listChannels, moveChannel } from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { channelParams, packageParams, wholeNumber } from '../fleet/find.ts'
import { openFleet } from '../fleet/open.ts'
import { phaseOptions, phasesOf } from '../fleet/rollout-phases.ts'
import { toTable } from '../output.ts'

/** `steadfleet channel list` */
export const channelList: CommandSpec = {
  name: 'channel list',
  summary: 'Show where every channel points.',
  examples: ['channel list', 'channel list --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const channels = await client.call(listChannels, {})
    call.output.answer(channels, () =>
      toTable(
        ['package', 'channel', 'revision', 'moved'],
        channels.map(row => [row.package, row.channel, String(row.revision), row.movedAt]),
        'no channel points anywhere yet',
      ),
    )
  },
}

/** `steadfleet channel move PACKAGE CHANNEL REVISION` */
export const channelMove: CommandSpec = {
  name: 'channel move',
  takes: [
    { name: '<package>', what: 'as PUBLISHER/NAME' },
    { name: '<channel>', what: 'as TRACK/RISK; risk is stable, candidate, beta or edge' },
    { name: '<revision>', what: 'a revision that was published' },
  ],
  summary: 'Point a channel at a revision; a rollout starts in every fleet that follows it.',
  options: [
    ...phaseOptions,
    { flags: '--starts-at <time>', what: 'not before, as 2026-12-01T02:00:00Z' },
    {
      flags: '--restore-data',
      what: 'devices that go back by it take up the data of then; today’s is put aside',
    },
  ],
  examples: [
    'channel move acme/greenhouse latest/stable 2',
    'channel move acme/greenhouse latest/stable 2 --at-once --json',
    'channel move acme/greenhouse latest/stable 1 --restore-data',
    'channel move acme/greenhouse latest/stable 2 --phase 1,soak=1h --phase 100% --starts-at 2026-12-01T02:00:00Z',
  ],
  async run(call) {
    const { client } = await openFleet(call)
    const params = {
      ...packageParams(argument(call, 0)),
      ...channelParams(argument(call, 1)),
    }
    const revision = wholeNumber(argument(call, 2), 'a revision')
    const restored = call.options.restoreData === true ? { 'restore-data': true } : {}
    const body = { revision, ...phasesOf(call), ...startOf(call), ...restored }
    const moved = await client.call(moveChannel, { params, body })
    call.output.answer(moved, () => {
      const rollouts = moved.rollouts.map(
        ({ id, fleet, state }) => `rollout ${id} in fleet ${fleet}${notYet(state)}`,
      )
      const started = rollouts.length === 0 ? 'no fleet follows it' : rollouts.join(', ')
      return `${textOfChannel(moved.channel)}: ${started}`
    })
  },
}

const waits: Readonly<Partial<Record<Rollout['state'], string>>> = {
  draft: ', once a second person has approved it',
  scheduled: ', at its time',
}

function notYet(state: Rollout['state']): string {
  return waits[state] ?? ''
}

function startOf(call: Call): { 'starts-at'?: string } {
  const typed = textOption(call, 'startsAt')
  if (typed === undefined) return {}
  const startsAt = new Date(typed)
  const isWhole = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(typed)
  if (isWhole && !Number.isNaN(startsAt.getTime())) return { 'starts-at': toTimestamp(startsAt) }
  const message = `cannot read ${JSON.stringify(typed)} as a time: write 2026-12-01T02:00:00Z`
  throw new CliError('cli/usage', message)
}

/** `steadfleet channel follow PACKAGE CHANNEL` */
export const channelFollow: CommandSpec = {
  name: 'channel follow',
  takes: [
    { name: '<package>', what: 'as PUBLISHER/NAME' },
    { name: '<channel>', what: 'as TRACK/RISK; risk is stable, candidate, beta or edge' },
  ],
  summary:
    'Let the fleet run a package, following a channel; a rollout starts if it points anywhere.',
  examples: [
    'channel follow acme/greenhouse latest/stable',
    'channel follow acme/greenhouse latest/beta --json',
  ],
  async run(call) {
    const { client, home } = await openFleet(call)
    const [named, channel] = [argument(call, 0), parseChannelName(argument(call, 1))]
    const params = { fleet: home.fleet, ...packageParams(named) }
    const followed = await client.call(followChannel, { params, body: { channel } })
    call.output.answer(followed, () => {
      const started = followed.rollouts.map(({ id }) => `rollout ${id} began`).join(', ')
      return `fleet ${home.fleet} follows ${named} ${channel}${started && `: ${started}`}`
    })
  },
}

function textOfChannel(view: { package: string; channel: string; revision: number }): string {
  return `${view.package} ${view.channel} is revision ${view.revision}`
}
