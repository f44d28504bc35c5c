import { parseChannelName } from '@steadfleet/domain'
import { followChannel, listChannels, moveChannel } from '@steadfleet/protocol'
import { argument, type CommandSpec } from '../command.ts'
import { channelParams, packageParams, wholeNumber } from '../fleet/find.ts'
import { openFleet } from '../fleet/open.ts'
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
  options: [{ flags: '--at-once', what: 'move the whole fleet in one phase' }],
  examples: [
    'channel move acme/greenhouse latest/stable 2',
    'channel move acme/greenhouse latest/stable 2 --at-once --json',
  ],
  async run(call) {
    const { client } = await openFleet(call)
    const params = {
      ...packageParams(argument(call, 0)),
      ...channelParams(argument(call, 1)),
    }
    const revision = wholeNumber(argument(call, 2), 'a revision')
    const phases = call.options.atOnce ? { phases: [{ percent: 100, 'max-failures': 0 }] } : {}
    const moved = await client.call(moveChannel, { params, body: { revision, ...phases } })
    call.output.answer(moved, () => {
      const rollouts = moved.rollouts.map(({ id, fleet }) => `rollout ${id} in fleet ${fleet}`)
      const started = rollouts.length === 0 ? 'no fleet follows it' : rollouts.join(', ')
      return `${textOfChannel(moved.channel)}: ${started}`
    })
  },
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
