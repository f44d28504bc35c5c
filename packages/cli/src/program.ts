import { toPrintable, toPrintableJson } from '@steadfleet/base'
import { Command, CommanderError, Option } from 'commander'
import type { CommandSpec, OptionSpec, OptionValues } from './command.ts'
import { commands } from './commands/index.ts'
import {
  AlreadyTold,
  CliError,
  exitFor,
  exitMeanings,
  exits,
  toErrorJson,
  toErrorLines,
} from './error.ts'
import { openOutput } from './output.ts'
import type { World } from './world.ts'

const everywhere: readonly OptionSpec[] = [
  { flags: '--dir <dir>', what: 'folder of the fleet (or STEADFLEET_DIR)' },
  { flags: '--passphrase-fd <n>', what: 'read the passphrase of the keys from this descriptor' },
  { flags: '--json', what: 'print JSON: one value, or one line for each answer' },
]

const groups: Readonly<Record<string, string>> = {
  fleet: 'Fleets of the server: a fleet’s devices are moved together.',
  people: 'People: who may sign in, as what.',
  machine: 'Machines: tokens with a role and an end.',
  audit: 'The audit log: who did what, and whether it is still what was written.',
  builder: 'Builders: whose provenance counts.',
  catalogue: 'Catalogues: where devices take releases from.',
  policy: 'The trust policy: whose releases count.',
  channel: 'Channels: movable names for revisions.',
  device: 'Devices of the fleet, and the device that this is typed on.',
  updates: 'Updates: when devices may change, and how long they may put it off.',
  bundle: 'Files that bring releases to devices without a network.',
  rollout: 'Rollouts: moving a fleet to a release, in phases.',
  failures: 'Failures by fingerprint: what fails, where, and since which revision.',
  release: 'Releases that were published.',
  alert: 'Alerts: standing rules that count what goes wrong.',
  webhook: 'Webhooks: where notices of the fleet are sent.',
  grants: 'Grants: what packages may touch, and who said so.',
  review: 'Reviews: risky requests are looked at before they go to stable.',
  group: 'Groups: saved queries over the fleet.',
  secrets: 'Secrets: settings that are sealed to devices, and that only they can read.',
  settings: 'Settings: values an owner gives a package.',
  keys: 'Keys: what signs for the fleet offline.',
  root: 'The catalogue’s root: whose keys sign for it.',
  targets: 'The catalogue’s targets: who publishes.',
  publisher: 'The publisher’s role: renew it, have several sign it, spread its releases over bins.',
  model: 'The model: what kind of device the fleet is of.',
  owner: 'The owner root and the trust policy.',
  agent: 'The agent: the daemon on a device.',
  log: 'The transparency log: how it stands, and what stands in it.',
  server: 'The server’s second store: what is copied there, and how it is made anew from it.',
  witness: 'Witnesses: they cosign checkpoints of logs.',
  mud: 'MUD files: who a device may talk to.',
  gateway: 'Keep devices that run no agent to their MUD files, on a router.',
}

/** Runs what was typed and gives the exit code; whatever goes wrong ends as one line. */
export async function runProgram(words: readonly string[], world: World): Promise<number> {
  try {
    await makeProgram(world).parseAsync([...words], { from: 'user' })
    return exits.done
  } catch (error) {
    return report(error, words, world)
  }
}

/** The whole command line, made from the table of commands. */
export function makeProgram(world: World): Command {
  const program = new Command('steadfleet')
    .description('Builds, signs, ships, confines and watches the software of connected devices.')
    .version('0.1.0')
    .addHelpText('after', toExitHelp())
  tame(program, world)
  const parents = new Map(Object.entries(groups).map(([name, what]) => [name, group(name, what)]))
  for (const spec of commands) {
    const [first = '', second] = spec.name.split(' ')
    const parent = second === undefined ? program : (parents.get(first) ?? program)
    parent.addCommand(makeCommand(spec, second ?? first, world))
  }
  for (const parent of parents.values()) program.addCommand(tame(parent, world))
  return program
}

function group(name: string, what: string): Command {
  return new Command(name).description(what)
}

function makeCommand(spec: CommandSpec, name: string, world: World): Command {
  const command = new Command(name).description(spec.summary)
  for (const { name: argument, what } of spec.takes ?? []) command.argument(argument, what)
  for (const option of [...(spec.options ?? []), ...everywhere]) command.addOption(toOption(option))
  command.addHelpText('after', toExamples(spec))
  command.action(async () => {
    const options: OptionValues = command.opts()
    const output = openOutput(options.json === true, world.out, world.err)
    // An argument that may be left out, and was, is undefined.
    const given = command.processedArgs.flat().filter(one => one !== undefined)
    await spec.run({ arguments: given, options, world, output })
  })
  return tame(command, world)
}

function toOption({ flags, what, otherwise, repeats }: OptionSpec): Option {
  const option = new Option(flags, what)
  if (otherwise !== undefined) option.default(otherwise)
  if (repeats) option.argParser((value: string, held: string[] = []) => [...held, value])
  return option
}

/** Commander throws instead of ending the process, and writes where the world says. */
function tame(command: Command, world: World): Command {
  return command.exitOverride().configureOutput({
    writeOut: text => world.out.write(text),
    writeErr: () => undefined,
  })
}

function toExamples(spec: CommandSpec): string {
  return ['', 'Examples:', ...spec.examples.map(line => `  $ steadfleet ${line}`)].join('\n')
}

function toExitHelp(): string {
  const names = Object.keys(exitMeanings) as (keyof typeof exits)[]
  const lines = names.map(name => `  ${String(exits[name]).padEnd(4)} ${exitMeanings[name]}`)
  return ['', 'Exit codes:', ...lines].join('\n')
}

function report(error: unknown, words: readonly string[], world: World): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exits.done
  if (error instanceof AlreadyTold) return error.exit
  const told = error instanceof CommanderError ? toUsageError(error) : error
  const json = words.includes('--json')
  const lines = json ? [JSON.stringify(toErrorJson(told))] : toErrorLines(told)
  const show = json ? toPrintableJson : toPrintable
  world.err.write(`${show(lines.join('\n'))}\n`)
  return exitFor(told)
}

function toUsageError(error: CommanderError): CliError {
  const fact =
    error.code === 'commander.help' ? 'no command was named' : error.message.replace(/^error: /, '')
  return new CliError('cli/usage', `cannot run this: ${fact}`)
}
