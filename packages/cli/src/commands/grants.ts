import { type DeviceId, type FleetName, parsePackageName } from '@steadfleet/domain'
import {
  decideGrant,
  type FleetGrants,
  forgetGrant,
  type GrantView,
  listGrants,
  setGrantRules,
} from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { findDevice, packageParams, wholeNumber } from '../fleet/find.ts'
import { parseRule, withRules } from '../fleet/grant-rules.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'

/** `steadfleet grants list` */
const list: CommandSpec = {
  name: 'grants list',
  summary: 'Show what each package asks for, what it has, and by whose word.',
  examples: ['grants list', 'grants list --json'],
  async run(call) {
    const fleet = await openFleet(call)
    const found = await fleet.client.call(listGrants, {
      params: { fleet: fleet.home.fleet },
      query: {},
    })
    call.output.answer(found, () => toText(found))
  },
}

function toText({ grants, decisions, rules, modelRules }: FleetGrants): string {
  const own = decisions.filter(({ scope }) => scope === 'device')
  return [
    toTable(
      ['PACKAGE', 'INTERFACE', 'RISK', 'IS', 'BY', 'ASKS FOR'],
      grants.map(toRow),
      'no package asks for anything',
    ),
    ...own.map(one => `${one.target}: ${one.interface} of ${one.package} is ${one.verdict} there`),
    ...Object.entries(rules).map(([name, all]) => `rule: ${name} for ${all.join(', ')}`),
    ...Object.entries(modelRules).map(([name, all]) => `model: ${name} for ${all.join(', ')}`),
  ].join('\n')
}

function toRow(grant: GrantView): string[] {
  const { interface: name, is, underCeiling, waits } = grant
  const fact = is === 'granted' && !underCeiling ? 'shut by the ceiling' : is
  return [
    grant.package,
    name,
    grant.risk,
    waits ? 'a rollout waits' : fact,
    grant.by,
    membersOf(grant),
  ]
}

function membersOf({ request }: Pick<GrantView, 'request'>): string {
  const { interface: _, reason: __, ...members } = request
  return Object.keys(members).length === 0 ? '-' : JSON.stringify(members)
}

type Verdict = 'granted' | 'refused' | 'never'

const where = {
  takes: [
    { name: '<package>', what: 'PUBLISHER/NAME' },
    { name: '<interface>', what: 'one that the package asks for' },
  ],
  options: [{ flags: '--device <device>', what: 'for this device alone: its id or its name' }],
}

function deciding(
  verb: string,
  verdict: Verdict,
  words: { readonly summary: string; readonly done: string },
): CommandSpec {
  return {
    name: `grants ${verb}`,
    takes: where.takes,
    summary: words.summary,
    options: [
      ...where.options,
      { flags: '--revision <number>', what: 'what this revision asks for; the newest otherwise' },
    ],
    examples: [
      `grants ${verb} acme/doorbell camera`,
      `grants ${verb} acme/doorbell camera --device hall`,
    ],
    async run(call) {
      const fleet = await openFleet(call)
      const params = await placeOf(call, fleet)
      const revision = textOption(call, 'revision')
      const body = {
        verdict,
        ...(revision !== undefined && { revision: wholeNumber(revision, 'a revision') }),
      }
      const said = await fleet.client.call(decideGrant, { params, body })
      const what = `${argument(call, 0)} ${words.done} ${argument(call, 1)}`
      call.output.answer(said, () => `${what}: ${said.ordered} devices are ordered so`)
    },
  }
}

/** `steadfleet grants forget` */
const forget: CommandSpec = {
  name: 'grants forget',
  ...where,
  summary: 'Take back what was said of an interface of a package, as if nobody had.',
  examples: ['grants forget acme/doorbell camera'],
  async run(call) {
    const fleet = await openFleet(call)
    const params = await placeOf(call, fleet)
    await fleet.client.call(forgetGrant, { params })
    const { interface: name, target } = params
    call.output.answer(
      params,
      () => `nothing is said of ${name} of ${argument(call, 0)} for ${target}`,
    )
  },
}

async function placeOf(call: Call, fleet: Fleet) {
  const name = parsePackageName(argument(call, 0))
  const typed = textOption(call, 'device')
  const device = typed === undefined ? undefined : await findDevice(fleet, typed)
  return {
    fleet: fleet.home.fleet,
    ...packageParams(name),
    interface: argument(call, 1),
    ...toTarget(fleet.home.fleet, device?.id),
  }
}

function toTarget(fleet: FleetName, device: DeviceId | undefined) {
  return device === undefined
    ? { scope: 'fleet' as const, target: fleet as string }
    : { scope: 'device' as const, target: device as string }
}

/** `steadfleet grants rules` */
const rules: CommandSpec = {
  name: 'grants rules',
  summary: 'Say which packages and publishers have an interface without being asked about.',
  options: [
    {
      flags: '--add <rule>',
      what: 'INTERFACE=PUBLISHER/NAME, INTERFACE=PUBLISHER/* or INTERFACE=*',
      repeats: true,
    },
    { flags: '--remove <rule>', what: 'one of those there are', repeats: true },
  ],
  examples: [
    'grants rules',
    'grants rules --add network-lan=acme/*',
    'grants rules --remove network-lan=acme/*',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const params = { fleet: fleet.home.fleet }
    const held = (await fleet.client.call(listGrants, { params, query: {} })).rules
    const [add, remove] = [
      listOption(call, 'add').map(parseRule),
      listOption(call, 'remove').map(parseRule),
    ]
    const isChange = add.length + remove.length > 0
    const body = withRules(held, add, remove)
    if (isChange) await fleet.client.call(setGrantRules, { params, body })
    call.output.answer(body, () =>
      toTable(
        ['INTERFACE', 'GRANTED TO'],
        Object.entries(body).map(([name, all]) => [name, all.join(', ')]),
        'no rules',
      ),
    )
  },
}

export const grantCommands: readonly CommandSpec[] = [
  list,
  deciding('grant', 'granted', {
    summary: 'Grant a package what it asks of an interface; devices have it at once.',
    done: 'has',
  }),
  deciding('revoke', 'refused', {
    summary: 'Take an interface away from a package; a device’s own word may give it back.',
    done: 'has no longer',
  }),
  deciding('never', 'never', {
    summary: 'Say that a package may never have an interface, whatever else is said.',
    done: 'may never have',
  }),
  forget,
  rules,
]
