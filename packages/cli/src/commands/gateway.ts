import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { toTable } from '../output.ts'
import { programs } from '../process/checkout.ts'
import { refuseFailure, runInForeground } from '../process/child.ts'
import { run as runProgram } from '../process/run.ts'

const usualState = '/var/lib/steadfleet-gateway'
const stateOption = {
  flags: '--state <dir>',
  what: 'the gateway’s own folder',
  otherwise: usualState,
}

/** `steadfleet gateway run` */
const gatewayRun: CommandSpec = {
  name: 'gateway run',
  takes: [{ name: '<config>', what: 'its configuration, YAML or JSON' }],
  summary: 'Keep the devices of a network to their MUD files, in the foreground, until Ctrl-C.',
  options: [
    stateOption,
    { flags: '--once', what: 'enforce what is there now, and end; the rules stay' },
    { flags: '--dry-run', what: 'print the rules of nftables and change nothing' },
  ],
  examples: ['gateway run gateway.yaml', 'gateway run gateway.yaml --dry-run'],
  async run(call) {
    const { once, dryRun } = call.options
    const command = [
      ...[process.execPath, programs.gateway],
      ...['--config', resolve(call.world.directory, argument(call, 0)), '--state', stateOf(call)],
      ...(once === true ? ['--once'] : []),
      ...(dryRun === true ? ['--dry-run'] : []),
    ]
    const end = await runInForeground(command, call.world.interrupted)
    refuseFailure('the gateway', end, call.world.interrupted.aborted)
  },
}

/** `steadfleet gateway status` */
const gatewayStatus: CommandSpec = {
  name: 'gateway status',
  summary: 'Show what a gateway enforces, and who is cut off.',
  options: [stateOption],
  examples: ['gateway status', 'gateway status --json'],
  async run(call) {
    const status = await statusOf(call)
    call.output.answer(status, () =>
      toTable(
        ['device', 'MAC', 'state', 'file'],
        status.devices.map(({ name, mac, state, url, why }) => [
          name,
          mac,
          why ? `${state}: ${why}` : state,
          url ?? '–',
        ]),
        'it knows no devices',
      ),
    )
  },
}

/** `steadfleet gateway quarantine DEVICE` */
const gatewayQuarantine: CommandSpec = {
  name: 'gateway quarantine',
  takes: [{ name: '<device>', what: 'its name or MAC address' }],
  summary: 'Cut a device off: nothing passes to it or from it until it is released.',
  options: [stateOption, { flags: '--why <text>', what: 'why, for people', otherwise: 'by hand' }],
  examples: [
    'gateway quarantine lamp --why "it scans for telnet"',
    'gateway quarantine lamp --json',
  ],
  async run(call) {
    const mac = await macOf(call)
    const why = textOption(call, 'why') ?? 'by hand'
    const since = call.world.now().toISOString()
    await writeFile(fileOf(call, mac), `${JSON.stringify({ since, why })}\n`).catch(cause => {
      throw absent(call, cause)
    })
    call.output.answer({ mac, since, why }, () => `${mac} is cut off within a second or two`)
  },
}

/** `steadfleet gateway release DEVICE` */
const gatewayRelease: CommandSpec = {
  name: 'gateway release',
  takes: [{ name: '<device>', what: 'its name or MAC address' }],
  summary: 'Let a device that was cut off do again what its MUD file allows.',
  options: [stateOption],
  examples: ['gateway release lamp', 'gateway release 02:00:00:00:00:01 --json'],
  async run(call) {
    const mac = await macOf(call)
    const names = await readdir(join(stateOf(call), 'quarantine')).catch(() => [])
    const path = fileOf(call, mac)
    if (!names.some(name => path.endsWith(`/${name}`))) {
      throw new CliError('cli/not-found', `cannot release ${mac}: it is not cut off`)
    }
    await rm(path)
    call.output.answer({ mac }, () => `${mac} is released within a second or two`)
  },
}

/** `steadfleet gateway remove` */
const gatewayRemove: CommandSpec = {
  name: 'gateway remove',
  summary: 'Take all rules of the gateway out of the kernel: every device may do what it likes.',
  examples: ['gateway remove', 'gateway remove --json'],
  async run(call) {
    for (const family of ['inet', 'bridge']) {
      await runProgram('nft', ['add', 'table', family, 'steadfleet_gateway'])
      await runProgram('nft', ['delete', 'table', family, 'steadfleet_gateway'])
    }
    call.output.answer({ removed: true }, () => 'the rules are gone; nothing is enforced')
  },
}

export const gatewayCommands: readonly CommandSpec[] = [
  gatewayRun,
  gatewayStatus,
  gatewayQuarantine,
  gatewayRelease,
  gatewayRemove,
]

function stateOf(call: Call): string {
  return resolve(call.world.directory, textOption(call, 'state') ?? usualState)
}

function fileOf(call: Call, mac: string): string {
  return join(stateOf(call), 'quarantine', `${mac.replaceAll(':', '-')}.json`)
}

interface Status {
  readonly devices: readonly {
    readonly mac: string
    readonly name: string
    readonly state: string
    readonly url?: string
    readonly why?: string
  }[]
}

async function statusOf(call: Call): Promise<Status> {
  const path = join(stateOf(call), 'status.json')
  const text = await readFile(path, 'utf8').catch(cause => {
    throw absent(call, cause)
  })
  return JSON.parse(text)
}

async function macOf(call: Call): Promise<string> {
  const typed = argument(call, 0)
  if (/^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$/.test(typed)) return typed.toLowerCase()
  const { devices } = await statusOf(call)
  const found = devices.find(({ name }) => name === typed)
  if (found) return found.mac
  const hint = "'steadfleet gateway status' names them"
  throw new CliError('cli/not-found', `cannot find device ${typed} at this gateway`, { hint })
}

function absent(call: Call, cause: unknown): CliError {
  const hint = "say which folder it is with --state; 'steadfleet gateway run' makes it"
  const message = `cannot find a gateway in ${stateOf(call)}`
  return new CliError('cli/not-found', message, { hint }, { cause })
}
