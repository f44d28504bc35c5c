import { resolve } from 'node:path'
import {
  argument,
  type Call,
  type CommandSpec,
  listOption,
  type OptionSpec,
  textOption,
} from '../command.ts'
import { CliError } from '../error.ts'
import { wholeNumber } from '../fleet/find.ts'
import { type LogWish, parseWitness } from '../fleet/first-log.ts'
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
    {
      flags: '--witness <key@url>',
      what: 'who must cosign the log: the key that `witness make` prints, and where it answers',
      repeats: true,
    },
    { flags: '--quorum <number>', what: 'how many witnesses must; one more than half otherwise' },
    { flags: '--log <none>', what: 'none: no transparency log, said aloud' },
    unencryptedOption,
  ],
  examples: [
    'init .steadfleet',
    'init .steadfleet --unencrypted',
    'init .steadfleet --passphrase-fd 3 3< passphrase.txt',
    'init /srv/fleet --witness KEY1@http://w1.example:8421 --witness KEY2@http://w2.example:8421',
    'init ./bench --log none',
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
        log: logWish(call),
        keys: await protectionFor(call),
      },
      call.world,
    )
    const { home, ...rest } = made
    call.output.answer({ directory: home.directory, ...rest }, () => tell(made))
  },
}

/** A log of the server's own where nothing is said; that there shall be none must be. */
function logWish(call: Call): LogWish {
  const witnesses = listOption(call, 'witness').map(parseWitness)
  const [log, quorum] = [textOption(call, 'log'), textOption(call, 'quorum')]
  if (log === undefined) {
    return { witnesses, quorum: quorum === undefined ? quorum : wholeNumber(quorum, 'a quorum') }
  }
  if (log === 'none' && witnesses.length === 0 && quorum === undefined) return 'none'
  const fact = log === 'none' ? 'none has no witnesses' : 'none is the only word that it takes'
  throw new CliError('cli/usage', `cannot make a fleet with --log ${log}: ${fact}`)
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

function tell({ home, owner, model, offline, server, log }: Made): string {
  return [
    `fleet ${home.fleet} of owner ${owner}; devices are of model ${model}`,
    `offline keys  ${offline}  (move them to a place of their own; publishing needs publisher-${home.publisher}.pem)`,
    `server        ${server}  (holds the online keys only)`,
    `log           ${log}`,
    `next: steadfleet serve --dir ${home.directory}`,
  ].join('\n')
}
