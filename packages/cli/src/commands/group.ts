import { type GroupConditions, listGroups, putGroup, removeGroup } from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { openFleet } from '../fleet/open.ts'
import { parseArchitecture } from '../machine.ts'
import { toTable } from '../output.ts'

/** `steadfleet group list` */
export const groupList: CommandSpec = {
  name: 'group list',
  summary: 'Show the groups of the fleet, what each asks of a device, and how many are in it.',
  examples: ['group list', 'group list --json'],
  async run(call) {
    const { client, home } = await openFleet(call)
    const groups = await client.call(listGroups, { params: { fleet: home.fleet } })
    call.output.answer(groups, () =>
      toTable(
        ['group', 'devices', 'conditions'],
        groups.map(({ name, devices, conditions }) => [name, `${devices}`, inWords(conditions)]),
        'no group yet: steadfleet group set NAME --name-prefix …',
      ),
    )
  },
}

/** `steadfleet group set NAME` */
export const groupSet: CommandSpec = {
  name: 'group set',
  takes: [{ name: '<group>', what: 'its name; a group of that name is replaced' }],
  summary: 'Save a query over the fleet as a group: a device is in it while it meets all of it.',
  options: [
    { flags: '--model <model>', what: 'devices of this model' },
    { flags: '--architecture <name>', what: 'amd64 or arm64' },
    { flags: '--name-prefix <text>', what: 'devices whose name begins so' },
    { flags: '--attribute <name=value>', what: 'what the device reports of itself', repeats: true },
  ],
  examples: [
    'group set cellar --name-prefix cellar-',
    'group set boards --architecture arm64 --attribute confinement=enforced --json',
  ],
  async run(call) {
    const { client, home } = await openFleet(call)
    const params = { fleet: home.fleet, group: argument(call, 0) }
    const group = await client.call(putGroup, { params, body: { conditions: toConditions(call) } })
    call.output.answer(group, () => `group ${group.name} has ${group.devices} devices now`)
  },
}

/** `steadfleet group remove NAME` */
export const groupRemove: CommandSpec = {
  name: 'group remove',
  takes: [{ name: '<group>', what: 'its name' }],
  summary: 'Forget a group and the settings that were given to it; its devices stay.',
  examples: ['group remove cellar', 'group remove cellar --json'],
  async run(call) {
    const { client, home } = await openFleet(call)
    const group = argument(call, 0)
    await client.call(removeGroup, { params: { fleet: home.fleet, group } })
    call.output.answer({ removed: group }, () => `group ${group} is forgotten`)
  },
}

/** What the options of a call ask of a device. */
export function toConditions(call: Pick<Call, 'options'>): GroupConditions {
  const [model, architecture, prefix] = ['model', 'architecture', 'namePrefix'].map(name =>
    textOption(call, name),
  )
  const attributes = Object.fromEntries(listOption(call, 'attribute').map(toPair))
  return {
    ...(model !== undefined && { model }),
    ...(architecture !== undefined && { architecture: parseArchitecture(architecture) }),
    ...(prefix !== undefined && { 'name-prefix': prefix }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  }
}

function toPair(typed: string): [name: string, value: string] {
  const at = typed.indexOf('=')
  if (at > 0) return [typed.slice(0, at), typed.slice(at + 1)]
  const message = `cannot read ${JSON.stringify(typed)} as an attribute: not NAME=VALUE`
  throw new CliError('cli/usage', message)
}

function inWords({ attributes = {}, ...rest }: GroupConditions): string {
  const pairs = [...Object.entries(rest), ...Object.entries(attributes)]
  return pairs.map(([name, value]) => `${name} ${value}`).join(', ') || 'every device'
}
