import { resolve } from 'node:path'
import {
  argument,
  type Call,
  type CommandSpec,
  listOption,
  type OptionSpec,
  textOption,
} from '../command.ts'
import { initFleet, type Made } from '../fleet/init.ts'
import { passphraseOf } from '../fleet/open.ts'
import type { Protection } from '../keys/key-file.ts'
import { newPassphrase } from '../keys/passphrase.ts'

/** For every command that makes a key. */
export const unencryptedOption: OptionSpec = {
  flags: '--unencrypted',
  what: 'ask for no passphrase: whoever reads the key files can sign',
}

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
    unencryptedOption,
  ],
  examples: [
    'init .steadfleet',
    'init .steadfleet --unencrypted',
    'init .steadfleet --passphrase-fd 3 3< passphrase.txt',
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
        keys: await protectionFor(call),
      },
      call.world,
    )
    const { home, ...rest } = made
    call.output.answer({ directory: home.directory, ...rest }, () => tell(made))
  },
}

/** A passphrase for new keys, unless it is said aloud that there shall be none. */
export async function protectionFor(call: Call): Promise<Protection> {
  if (call.options.unencrypted !== true)
    return { passphrase: await newPassphrase(passphraseOf(call)) }
  const meaning =
    'whoever reads the key files can sign with them; nothing but their mode guards them'
  call.world.err.write(`warning: keys are not encrypted: ${meaning}\n`)
  return 'unencrypted'
}

function tell({ home, owner, model, offline, server }: Made): string {
  return [
    `fleet ${home.fleet} of owner ${owner}; devices are of model ${model}`,
    `offline keys  ${offline}  (move them to a place of their own; publishing needs publisher-${home.publisher}.pem)`,
    `server        ${server}  (holds the online keys only)`,
    `next: steadfleet serve --dir ${home.directory}`,
  ].join('\n')
}
