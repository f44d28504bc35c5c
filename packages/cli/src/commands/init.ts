import { resolve } from 'node:path'
import { argument, type CommandSpec, listOption, textOption } from '../command.ts'
import { initFleet, type Made } from '../fleet/init.ts'

/** `steadfleet init DIR` */
export const init: CommandSpec = {
  name: 'init',
  takes: [{ name: '<dir>', what: 'a folder that holds no fleet yet' }],
  summary: 'Make a fleet: its keys, its first signed files, and the folder of its server.',
  options: [
    {
      flags: '--publisher <name>',
      what: 'name and name space of the publisher',
      otherwise: 'acme',
    },
    { flags: '--fleet <name>', what: 'name of the fleet', otherwise: 'home' },
    { flags: '--model <name>', what: 'name of the kind of device', otherwise: 'box' },
    { flags: '--require <package>', what: 'a package that no device may lack', repeats: true },
    { flags: '--server <url>', what: 'origin of the server', otherwise: 'http://127.0.0.1:8420' },
  ],
  examples: [
    'init .steadfleet',
    'init /srv/fleet --publisher acme --fleet greenhouses --model box',
  ],
  async run(call) {
    const text = (name: string): string => textOption(call, name) ?? ''
    const made = await initFleet(
      resolve(call.world.directory, argument(call, 0)),
      {
        fleet: text('fleet'),
        publisher: text('publisher'),
        model: text('model'),
        required: listOption(call, 'require'),
        server: text('server'),
      },
      call.world,
    )
    const { home, ...rest } = made
    call.output.answer({ directory: home.directory, ...rest }, () => tell(made))
  },
}

function tell({ home, owner, model, offline, server }: Made): string {
  return [
    `fleet ${home.fleet} of owner ${owner}; devices are of model ${model}`,
    `offline keys  ${offline}  (move them to a place of their own; publishing needs publisher-${home.publisher}.pem)`,
    `server        ${server}  (holds the online keys only)`,
    `next: steadfleet serve --dir ${home.directory}`,
  ].join('\n')
}
