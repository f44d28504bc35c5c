import { resolve } from 'node:path'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { addLog, makeWitness, witnessCommand } from '../log/witness-home.ts'
import { refuseFailure, runInForeground } from '../process/child.ts'

/** `steadfleet witness make DIR` */
export const witnessMake: CommandSpec = {
  name: 'witness make',
  takes: [{ name: '<dir>', what: 'a folder for the witness: its key and what it cosigned' }],
  summary: 'Make a witness, which cosigns the checkpoints of logs, and print its key.',
  options: [{ flags: '--name <name>', what: 'the name it cosigns under', otherwise: 'witness' }],
  examples: [
    'witness make ./witness --name witness.example/1',
    'witness make ./witness --name w1 --json',
  ],
  async run(call) {
    const directory = directoryOf(call)
    const key = await makeWitness(
      directory,
      textOption(call, 'name') ?? 'witness',
      call.world.random,
    )
    call.output.answer({ directory, key }, () =>
      [
        key,
        `a fleet names it with: steadfleet init DIR --witness '${key}@http://HOST:PORT'`,
        `it runs with: steadfleet witness run ${directory} --log LOGKEY --listen HOST:PORT`,
      ].join('\n'),
    )
  },
}

/** `steadfleet witness run DIR` */
export const witnessRun: CommandSpec = {
  name: 'witness run',
  takes: [{ name: '<dir>', what: 'the folder that `witness make` made' }],
  summary: 'Run a witness in the foreground, until Ctrl-C.',
  options: [
    {
      flags: '--log <key>',
      what: 'cosign this log too, from now on: the key that `init` prints',
      repeats: true,
    },
    { flags: '--listen <host:port>', what: 'listen here', otherwise: '127.0.0.1:8421' },
  ],
  examples: [
    'witness run ./witness --log home.log/0123456789abcdef+0a1b2c3d+AR…',
    'witness run ./witness --listen 0.0.0.0:8421',
  ],
  async run(call) {
    const directory = directoryOf(call)
    for (const key of listOption(call, 'log')) await addLog(directory, key)
    const listen = textOption(call, 'listen') ?? '127.0.0.1:8421'
    const command = await witnessCommand(directory, listen)
    const end = await runInForeground(command, call.world.interrupted)
    refuseFailure('the witness', end, call.world.interrupted.aborted)
  },
}

function directoryOf(call: Call): string {
  return resolve(call.world.directory, argument(call, 0))
}
