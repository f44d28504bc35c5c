import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { programs } from '../process/checkout.ts'
import { refuseFailure, runInForeground } from '../process/child.ts'

const state = {
  flags: '--state <dir>',
  what: 'state directory of the agent (or STEADFLEET_STATE; otherwise /var/lib/steadfleet/state)',
}

type Row = Pick<CommandSpec, 'summary' | 'examples'> &
  Partial<Pick<CommandSpec, 'takes' | 'options'>> & { readonly verb: string }

const until = { name: '[until]', what: 'a moment, or so long from now: 3d, 12h, 90m' }

/** What is said to the agent of the machine that it is typed on, by whoever its sockets let in. */
const rows: readonly Row[] = [
  {
    verb: 'status',
    summary: 'Of the device this is typed on: what it runs, and what it waits for.',
    examples: ['device status', 'device status --state ./device-1 --json'],
  },
  {
    verb: 'why',
    summary: 'Here, in words: what the device waits for, or why it went back.',
    examples: ['device why', 'device why --state ./device-1 --json'],
  },
  {
    verb: 'changes',
    summary: 'Here: how the last changes came out, the newest first.',
    options: [{ flags: '--limit <count>', what: 'at most so many' }],
    examples: ['device changes', 'device changes --limit 5 --json'],
  },
  {
    verb: 'log',
    takes: [
      { name: '<package>', what: 'as PUBLISHER/NAME' },
      { name: '<app>', what: 'one of its apps' },
    ],
    summary: 'Here: the last lines that an app said.',
    options: [{ flags: '--lines <count>', what: 'at most so many' }],
    examples: [
      'device log acme/greenhouse web',
      'device log acme/greenhouse web --lines 200 --json',
    ],
  },
  {
    verb: 'consent',
    takes: [{ name: '<answer>', what: 'now or later' }, until],
    summary: 'Here: answer to the update that is ready.',
    examples: ['device consent now', 'device consent later 12h --json'],
  },
  {
    verb: 'hold',
    takes: [until],
    summary: 'Here: put updates off, no longer than the fleet allows.',
    examples: ['device hold', 'device hold 3d', 'device hold 2026-12-24T18:00:00Z --json'],
  },
  {
    verb: 'resume',
    summary: 'Here: take a hold back.',
    examples: ['device resume', 'device resume --json'],
  },
  {
    verb: 'update-now',
    summary: 'Here: wait no longer with the update that is ready, or ask the fleet for one.',
    examples: ['device update-now', 'device update-now --json'],
  },
  {
    verb: 'metered',
    takes: [{ name: '<answer>', what: 'yes, no, or auto for what the device finds' }],
    summary: 'Here: say whether fetching costs something.',
    examples: ['device metered yes', 'device metered auto --json'],
  },
  {
    verb: 'revert',
    summary: 'Here: go back to an earlier generation until the fleet orders something else.',
    options: [
      { flags: '--to <generation>', what: 'which; the one before without it' },
      { flags: '--restore-data', what: 'with the data of then' },
    ],
    examples: ['device revert', 'device revert --to 3 --restore-data --json'],
  },
]

export const thisDeviceCommands: readonly CommandSpec[] = rows.map(({ verb, ...row }) => ({
  ...row,
  name: `device ${verb}`,
  options: [state, ...(row.options ?? [])],
  run: call => ask(call, verb),
}))

async function ask(call: Call, verb: string): Promise<void> {
  const given = ['state', 'limit', 'lines', 'to'].flatMap(name => {
    const value = textOption(call, name)
    return value === undefined ? [] : [`--${name}`, value]
  })
  const flags = [
    ...(call.options.restoreData === true ? ['--restore-data'] : []),
    ...(call.output.json ? ['--json'] : []),
  ]
  const words = [verb, ...call.arguments.map((_, i) => argument(call, i))]
  const command = [process.execPath, programs.agent, 'device', ...words, ...given, ...flags]
  const end = await runInForeground(command, call.world.interrupted)
  refuseFailure('the device’s command', end, call.world.interrupted.aborted)
}
