import { join, resolve } from 'node:path'
import { backUp } from '@steadfleet/protocol'
import { argument, type CommandSpec, textOption } from '../command.ts'
import { homeDirectory, openHome } from '../fleet/home.ts'
import { openFleet } from '../fleet/open.ts'
import { programs } from '../process/checkout.ts'
import { refuseFailure, runInForeground } from '../process/child.ts'

/** `steadfleet server backup` */
export const serverBackup: CommandSpec = {
  name: 'server backup',
  summary: 'Bring the second store of the server up to date now; it is each minute by itself.',
  examples: ['server backup', 'server backup --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const { at } = await client.call(backUp, {})
    call.output.answer({ at }, () => `the second store holds all that was so at ${at}`)
  },
}

/** `steadfleet server restore` */
export const serverRestore: CommandSpec = {
  name: 'server restore',
  summary: 'Make the folder of the server anew from its second store, after its disk was lost.',
  takes: [{ name: '<second-store>', what: 'the folder that serve was given with --second-store' }],
  examples: ['server restore /mnt/other-disk/fleet'],
  async run(call) {
    const home = await openHome(homeDirectory(call.world, textOption(call, 'dir')))
    const data = join(home.directory, 'server')
    const from = resolve(call.world.directory, argument(call, 0))
    const command = [process.execPath, programs.server, '--data', data, '--restore', from]
    const end = await runInForeground(command, call.world.interrupted)
    refuseFailure('the restore', end, call.world.interrupted.aborted)
  },
}
