import { join, resolve } from 'node:path'
import { type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { homeDirectory, openHome } from '../fleet/home.ts'
import { programs } from '../process/checkout.ts'
import { refuseFailure, runInForeground } from '../process/child.ts'

/** `steadfleet serve` */
export const serve: CommandSpec = {
  name: 'serve',
  summary: 'Run the server of a fleet in the foreground, until Ctrl-C.',
  options: [
    {
      flags: '--listen <host:port>',
      what: 'listen here; the first is what steadfleet.json says otherwise',
      repeats: true,
    },
    { flags: '--origin <url>', what: 'a public URL that reaches it', repeats: true },
    {
      flags: '--second-store <dir>',
      what: 'a folder elsewhere, that all which is published reaches before it counts',
    },
    { flags: '--signer <socket>', what: 'the signer that `signer` runs; its own one otherwise' },
    {
      flags: '--deltas <bytes>',
      what: 'keep so many bytes of deltas, 4 GiB otherwise; 0 makes none',
    },
  ],
  examples: [
    'serve',
    'serve --dir /srv/fleet --listen 127.0.0.1:9000',
    'serve --listen 0.0.0.0:8420 --origin https://fleet.example',
    'serve --second-store /mnt/other-disk/fleet',
    'serve --signer .steadfleet/server/signer.sock',
    'serve --deltas 100000000',
  ],
  async run(call) {
    const home = await openHome(homeDirectory(call.world, textOption(call, 'dir')))
    const listen = listOption(call, 'listen')
    const command = serverCommand(join(home.directory, 'server'), {
      listen: listen.length === 0 ? [new URL(home.server).host] : listen,
      origins: listOption(call, 'origin'),
      secondStore: pathOption(call, 'secondStore'),
      signer: pathOption(call, 'signer'),
      deltas: textOption(call, 'deltas'),
    })
    const end = await runInForeground(command, call.world.interrupted)
    refuseFailure('the server', end, call.world.interrupted.aborted)
  },
}

function pathOption(call: Call, name: string): string | undefined {
  const typed = textOption(call, name)
  return typed && resolve(call.world.directory, typed)
}

interface ServerWords {
  readonly listen: readonly string[]
  readonly origins: readonly string[]
  readonly secondStore?: string | undefined
  readonly signer?: string | undefined
  readonly deltas?: string | undefined
}

/** The command line of the server process. */
export function serverCommand(
  directory: string,
  { listen, origins, secondStore, signer, deltas }: ServerWords,
): string[] {
  return [
    process.execPath,
    programs.server,
    '--data',
    directory,
    ...listen.flatMap(address => ['--listen', address]),
    ...origins.flatMap(origin => ['--origin', origin]),
    ...(secondStore === undefined ? [] : ['--second-store', secondStore]),
    ...(signer === undefined ? [] : ['--signer', signer]),
    ...(deltas === undefined ? [] : ['--deltas', deltas]),
  ]
}
