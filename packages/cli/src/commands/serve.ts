import { join, resolve } from 'node:path'
import { listedServerSettings, type ServerSetting, variableOf } from '@steadfleet/protocol'
import { type Call, type CommandSpec, type OptionSpec, textOption } from '../command.ts'
import { homeDirectory, openHome } from '../fleet/home.ts'
import { programs } from '../process/checkout.ts'
import { refuseFailure, runInForeground } from '../process/child.ts'

/** What a person may type: the data directory is the fleet's, and a secret is no word of a command line. */
const typed = listedServerSettings.filter(({ name, holds }) => name !== 'data' && !holds)

/** `steadfleet serve` */
export const serve: CommandSpec = {
  name: 'serve',
  summary: 'Run the server of a fleet in the foreground, until Ctrl-C.',
  options: [
    ...typed.map(toOption),
    {
      flags: '--config <file>',
      what: `settings as JSON (or ${variableOf('config')}); else configuration.json in the data directory`,
    },
    { flags: '--show-config', what: 'print each setting and who said it, and serve nothing' },
  ],
  examples: [
    'serve',
    'serve --dir /srv/fleet --listen 127.0.0.1:9000',
    'serve --listen 0.0.0.0:443 --origin https://fleet.example --tls-certificate tls.crt --tls-key tls.key',
    'serve --origin https://fleet.example --trusted-proxy 127.0.0.1/32',
    'serve --second-store /mnt/other-disk/fleet',
    'serve --signer .steadfleet/server/signer.sock',
    'serve --deltas 100000000',
    'serve --webhook-network 10.0.0.0/8',
    'serve --config /etc/steadfleet/server.json --show-config --json',
  ],
  async run(call) {
    const home = await openHome(homeDirectory(call.world, textOption(call, 'dir')))
    const words = [
      ...typed.flatMap(setting => wordsFor(call, setting.name, setting.kind === 'path')),
      ...wordsFor(call, 'config', true),
      ...(call.options.showConfig === true ? ['--show-config'] : []),
      ...(call.options.json === true ? ['--json'] : []),
      // The least of all who say it: a file or a variable counts before it.
      ...['--usual', `listen=${new URL(home.server).host}`],
    ]
    const command = serverCommand(join(home.directory, 'server'), words)
    const end = await runInForeground(command, call.world.interrupted)
    refuseFailure('the server', end, call.world.interrupted.aborted)
  },
}

function toOption({ name, value, what, isList }: ServerSetting & { name: string }): OptionSpec {
  const flags = `--${name} <${value}>`
  return isList ? { flags, what, repeats: true } : { flags, what }
}

/** A flag as it was typed, for the server to judge; a path is relative to where it was typed. */
function wordsFor({ options, world }: Call, name: string, isPath: boolean): string[] {
  const given = options[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())]
  const texts = given === undefined || typeof given === 'boolean' ? [] : [given].flat()
  return texts.flatMap(text => [`--${name}`, isPath ? resolve(world.directory, text) : text])
}

/** The command line of the server process. */
export function serverCommand(directory: string, words: readonly string[]): string[] {
  return [process.execPath, programs.server, '--data', directory, ...words]
}
