import { join, resolve } from 'node:path'
import { type CommandSpec, textOption } from '../command.ts'
import { homeDirectory, openHome } from '../fleet/home.ts'
import { programs } from '../process/checkout.ts'
import { refuseFailure, runOnLeash } from '../process/child.ts'

/** `steadfleet signer` */
export const signer: CommandSpec = {
  name: 'signer',
  summary:
    'Run the signer of a fleet’s online keys by itself, until Ctrl-C; the server asks it with --signer.',
  options: [
    {
      flags: '--second-store <dir>',
      what: 'a folder elsewhere, that its numbers reach before they count',
    },
    { flags: '--share', what: 'let all of its group ask: the server may be another user then' },
  ],
  examples: ['signer', 'signer --dir /srv/fleet --second-store /mnt/other-disk/fleet'],
  async run(call) {
    const home = await openHome(homeDirectory(call.world, textOption(call, 'dir')))
    const data = join(home.directory, 'server')
    const second = textOption(call, 'secondStore')
    const command = signerCommand(data, [
      ...(second === undefined ? [] : ['--second-store', resolve(call.world.directory, second)]),
      ...(call.options.share === true ? ['--share'] : []),
    ])
    const end = await runOnLeash(command, call.world.interrupted)
    refuseFailure('the signer', end, call.world.interrupted.aborted)
  },
}

/** The command line of the signer of a server's folder. */
export function signerCommand(data: string, more: readonly string[]): string[] {
  const places = ['--keys', join(data, 'signer'), '--data', data]
  const socket = ['--socket', join(data, 'signer.sock')]
  return [process.execPath, programs.signer, ...places, ...socket, ...more]
}
