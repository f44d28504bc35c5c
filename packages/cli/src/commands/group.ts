import {
  type DeviceConditions,
  listGroups,
  putGroup,
  removeGroup,
  toQuery,
} from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { openFleet } from '../fleet/open.ts'
import { parseArchitecture } from '../machine.ts'
import { toTable } from '../output.ts'

/** `steadfleet group list` */
export const groupList: CommandSpec = {
  name: 'group list',
  summary: 'Show the groups of the fleet, the query of each, and how many devices are in it.',
  examples: ['group list', 'group list --json'],
  async run(call) {
    const { client, home } = await openFleet(call)
    const groups = await client.call(listGroups, { params: { fleet: home.fleet } })
    call.output.answer(groups, () =>
      toTable(
        ['group', 'devices', 'query'],
        groups.map(({ name, devices, query }) => [name, `${devices}`, query]),
        'no group yet: steadfleet group set NAME QUERY',
      ),
    )
  },
}

/** `steadfleet group set NAME QUERY` */
export const groupSet: CommandSpec = {
  name: 'group set',
  takes: [
    { name: '<group>', what: 'its name; a group of that name is replaced' },
    { name: '[query]', what: 'which devices, as docs/formats/queries.md has it' },
  ],
  summary: 'Save a query over the fleet as a group: a device is in it while it meets it.',
  options: [
    { flags: '--model <model>', what: 'devices of this model' },
    { flags: '--architecture <name>', what: 'amd64 or arm64' },
    { flags: '--name-prefix <text>', what: 'devices whose name begins so' },
    { flags: '--label <name=value>', what: 'what people say of the device', repeats: true },
    { flags: '--attribute <name=value>', what: 'what the device reports of itself', repeats: true },
  ],
  examples: [
    `group set north 'labels.site == "north" && !silent'`,
    'group set cellar --name-prefix cellar-',
    'group set boards --architecture arm64 --attribute confinement=enforced --json',
  ],
  async run(call) {
    const { client, home } = await openFleet(call)
    const params = { fleet: home.fleet, group: argument(call, 0) }
    const group = await client.call(putGroup, { params, body: { query: queryOf(call) } })
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

/** The query as it was typed, and what the options ask beside it. */
export function queryOf(call: Pick<Call, 'options' | 'arguments'>): string {
  const [, typed] = call.arguments
  const conditions = toConditions(call)
  if (Object.keys(conditions).length > 0) {
    return typed === undefined ? toQuery(conditions) : `(${typed}) && ${toQuery(conditions)}`
  }
  if (typed !== undefined) return typed
  throw new CliError(
    'cli/usage',
    'cannot save a group that asks nothing: write true for every device',
  )
}

/** What the options of a call ask of a device. */
export function toConditions(call: Pick<Call, 'options'>): DeviceConditions {
  const [model, architecture, prefix] = ['model', 'architecture', 'namePrefix'].map(name =>
    textOption(call, name),
  )
  const attributes = Object.fromEntries(listOption(call, 'attribute').map(toPair))
  const labels = Object.fromEntries(listOption(call, 'label').map(toPair))
  return {
    ...(model !== undefined && { model }),
    ...(architecture !== undefined && { architecture: parseArchitecture(architecture) }),
    ...(prefix !== undefined && { 'name-prefix': prefix }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(Object.keys(labels).length > 0 && { labels }),
  }
}

function toPair(typed: string): [name: string, value: string] {
  const at = typed.indexOf('=')
  if (at > 0) return [typed.slice(0, at), typed.slice(at + 1)]
  const message = `cannot read ${JSON.stringify(typed)} as NAME=VALUE`
  throw new CliError('cli/usage', message)
}
