import { parseFleetName, parseOwnerId } from '@steadfleet/domain'
import { addFleet, listFleets } from '@steadfleet/protocol'
import { argument, type CommandSpec, textOption } from '../command.ts'
import { wholeNumber } from '../fleet/find.ts'
import { openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'

const list: CommandSpec = {
  name: 'fleet list',
  summary: 'Show the fleets that you may see.',
  examples: ['fleet list', 'fleet list --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const fleets = await client.call(listFleets, {})
    call.output.answer(fleets, () =>
      toTable(
        ['name', 'model', 'devices', 'online', 'silent'],
        fleets.map(one => [
          ...[one.name, one.model],
          ...[`${one.devices}`, `${one.online}`, `${one.silent}`],
        ]),
        'no fleet is for you to see',
      ),
    )
  },
}

const add: CommandSpec = {
  name: 'fleet add',
  takes: [{ name: '<name>', what: 'the fleet’s name' }],
  summary:
    'Make another fleet of the same owner; say STEADFLEET_FLEET=name to work on it from this folder.',
  options: [
    {
      flags: '--model <path>',
      what: 'its model’s statement; that of the first fleet, unless said',
    },
    { flags: '--owner <owner>', what: 'refused, unless it is the owner that the server has' },
    { flags: '--check-in-seconds <seconds>', what: 'so often a device asks that hears nothing' },
  ],
  examples: ['fleet add cellar', 'fleet add depot --model acme/box/2/all --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const [model, owner] = [textOption(call, 'model'), textOption(call, 'owner')]
    const name = parseFleetName(argument(call, 0))
    const seconds = textOption(call, 'checkInSeconds')
    const body = {
      ...{ name, ...(model && { model }), ...(owner && { owner: parseOwnerId(owner) }) },
      ...(seconds && { 'check-in-seconds': wholeNumber(seconds, 'seconds') }),
    }
    const added = await client.call(addFleet, { body })
    call.output.answer(added, () => `fleet ${added.name} of ${added.owner}, model ${added.model}`)
  },
}

export const fleetCommands: readonly CommandSpec[] = [list, add]
