import { FleetName, parserOf } from '@steadfleet/domain'
import { addMachine, isRole, listMachines, removeMachine, roleNames } from '@steadfleet/protocol'
import { argument, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { wholeNumber } from '../fleet/find.ts'
import { openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'

const parseFleet = parserOf('fleet', FleetName)
const takesName = { name: '<name>', what: 'the machine’s name' }

const list: CommandSpec = {
  name: 'machine list',
  summary: 'Show the tokens of machines: in which role, until when, and by whom.',
  examples: ['machine list', 'machine list --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const machines = await client.call(listMachines, {})
    call.output.answer(machines, () =>
      toTable(
        ['name', 'role', 'fleet', 'until', 'made by'],
        machines.map(({ name, role, fleet = 'every one', expiresAt, madeBy }) => {
          return [name, role, fleet, expiresAt, madeBy]
        }),
        'no machine has a token',
      ),
    )
  },
}

const add: CommandSpec = {
  name: 'machine add',
  takes: [takesName],
  summary: 'Make a token for a machine, sent as Authorization: Bearer; it is printed once.',
  options: [
    { flags: '--role <role>', what: roleNames.join(', ') },
    { flags: '--fleet <name>', what: 'for this fleet alone' },
    { flags: '--days <number>', what: 'it ends after so many days, 90 at most', otherwise: '30' },
  ],
  examples: [
    'machine add graphs --role viewer --fleet home',
    'machine add archive --role auditor --days 90 --json',
  ],
  async run(call) {
    const { client } = await openFleet(call)
    const role = textOption(call, 'role') ?? ''
    if (!isRole(role)) {
      const message = `cannot add a machine: --role is one of ${roleNames.join(', ')}`
      throw new CliError('cli/usage', message)
    }
    const fleet = textOption(call, 'fleet')
    const days = wholeNumber(textOption(call, 'days') ?? '30', 'a number of days')
    const only = fleet === undefined ? {} : { fleet: parseFleet(fleet) }
    const body = { name: argument(call, 0), role, days, ...only }
    const made = await client.call(addMachine, { body })
    call.output.note(`for ${made.machine.name}, until ${made.machine.expiresAt}:`)
    call.output.answer(made, () => made.token)
  },
}

const remove: CommandSpec = {
  name: 'machine remove',
  takes: [takesName],
  summary: 'End the token of a machine.',
  examples: ['machine remove graphs', 'machine remove graphs --json'],
  async run(call) {
    const { client } = await openFleet(call)
    const name = argument(call, 0)
    const found = (await client.call(listMachines, {})).find(one => one.name === name)
    if (!found) throw new CliError('cli/not-found', `cannot find a machine ${name}`, { name })
    await client.call(removeMachine, { params: { machine: found.id } })
    call.output.answer({ removed: name }, () => `the token of ${name} has ended`)
  },
}

export const machineCommands: readonly CommandSpec[] = [list, add, remove]
