import { join, resolve } from 'node:path'
import { backUp } from '@steadfleet/protocol'
import { argument, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { homeDirectory, openHome } from '../fleet/home.ts'
import { openFleet } from '../fleet/open.ts'
import { programs } from '../process/checkout.ts'
import { refuseFailure, runInForeground, runTold } from '../process/child.ts'
import { openProgress } from '../progress.ts'

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

/** `steadfleet server move` */
export const serverMove: CommandSpec = {
  name: 'server move',
  summary:
    'Bring the database of the server from its file into PostgreSQL, all or nothing, checked.',
  options: [
    {
      flags: '--to <postgres-url>',
      what: 'an empty database; STEADFLEET_SERVER_DATABASE otherwise, which nobody else on the machine sees',
    },
  ],
  examples: [
    'server move --to postgres:///fleet?host=/run/postgresql',
    'server move --to postgres://fleet@db.example/fleet?sslmode=verify-full --json',
  ],
  async run(call) {
    const home = await openHome(homeDirectory(call.world, textOption(call, 'dir')))
    const to = textOption(call, 'to') ?? call.world.environment.STEADFLEET_SERVER_DATABASE
    if (to === undefined) {
      const hint = 'say --to postgres://…, or set STEADFLEET_SERVER_DATABASE'
      throw new CliError('cli/usage', 'cannot move: nothing says where to', { hint })
    }
    const data = join(home.directory, 'server')
    const command = [process.execPath, programs.server, '--data', data, '--move']
    const progress = openProgress(call.world.err, call.output.json, () => +call.world.now())
    const moved = await progress.task(
      'move the database',
      say => bring(command, to, say, call.world.interrupted),
      ({ rows, tables }) => `${rows} rows of ${tables} tables are there, and the same`,
    )
    call.output.answer(moved, () =>
      moved.wasThere
        ? 'everything had arrived before; nothing was changed'
        : 'start the server with STEADFLEET_SERVER_DATABASE from now on; the file is as it was',
    )
  },
}

interface Moved {
  readonly rows: number
  readonly tables: number
  readonly wasThere: boolean
}

interface MoveLine {
  readonly table?: string
  readonly rows?: number
  readonly all?: number
  readonly moved?: Moved
}

async function bring(
  command: readonly string[],
  to: string,
  say: (line: string) => void,
  interrupted: AbortSignal,
): Promise<Moved> {
  let moved: Moved | undefined
  const onLine = (text: string): void => {
    const line: MoveLine = JSON.parse(text)
    moved = line.moved ?? moved
    if (line.table) say(`write ${line.table}: ${line.rows} of ${line.all} rows`)
  }
  const end = await runTold(command, { STEADFLEET_SERVER_DATABASE: to }, onLine, interrupted)
  refuseFailure('the move', end, false)
  if (moved) return moved
  throw new CliError('cli/process', 'cannot go on: the move ended and did not say how')
}
