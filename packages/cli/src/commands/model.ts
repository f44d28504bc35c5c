import { interfaceNamed, isNeverByRule } from '@steadfleet/confine'
import { parsePackageName } from '@steadfleet/domain'
import { type ModelStatement, modelPath } from '@steadfleet/trust'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { type GrantRule, parseRule } from '../fleet/grant-rules.ts'
import { openFleet } from '../fleet/open.ts'
import {
  differencesOf,
  grantLines,
  type Model,
  type ModelChange,
  nextModel,
} from '../model/change-model.ts'
import {
  freeRevision,
  type HeldModel,
  heldModel,
  modelNamed,
  packagesRun,
} from '../model/held-model.ts'
import { publishModel, useModel } from '../model/publish-model.ts'
import { draftedLines, roleSigning, roleSigningOptions } from './role-signing.ts'

/** `steadfleet model show` */
const show: CommandSpec = {
  name: 'model show',
  summary: 'Show what kind of device the fleet is of, as its publisher signed it.',
  examples: ['model show', 'model show --json'],
  async run(call) {
    const held = await heldModel(await openFleet(call), call.world.now())
    call.output.answer(held, () => inWords(held).join('\n'))
  },
}

/** `steadfleet model publish` */
const publish: CommandSpec = {
  name: 'model publish',
  summary: 'Sign the next statement of the fleet’s model, and order by it.',
  options: [
    { flags: '--require <package>', what: 'no order may leave it out', repeats: true },
    { flags: '--optional <package>', what: 'orders may leave it out again', repeats: true },
    { flags: '--interface <name>', what: 'such devices have it', repeats: true },
    { flags: '--without-interface <name>', what: 'such devices have it no more', repeats: true },
    {
      flags: '--grant <rule>',
      what: 'INTERFACE=PUBLISHER/NAME or INTERFACE=PUBLISHER/*: who has it without being asked about',
      repeats: true,
    },
    { flags: '--without-grant <rule>', what: 'one of those there are', repeats: true },
    { flags: '--summary <text>', what: 'what it is, for people' },
    {
      flags: '--development <yes|no>',
      what: 'whether devices send what their apps print without being asked',
    },
    ...roleSigningOptions,
  ],
  examples: [
    'model publish --require acme/greenhouse',
    'model publish --optional acme/greenhouse --development no --json',
    'model publish --grant camera=acme/doorbell',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const now = call.world.now()
    const { statement: before } = await heldModel(fleet, now)
    const next = nextModel(before, changeOf(call), await freeRevision(fleet, before, now))
    const changes = refuseNoChange(before, next)
    refuseNotRun(next, await packagesRun(fleet))
    const place = {
      ...(await roleSigning(call)),
      now,
      say: (line: string) => call.output.note(line),
    }
    const drafted = await publishModel(fleet, next, place)
    const path = modelPath(next)
    if (drafted) {
      for (const line of await draftedLines(call, drafted)) call.output.note(line)
      call.output.note(`  once it is in force: steadfleet model use ${path}`)
    } else await useModel(fleet, next)
    const state = drafted ? 'will be published' : 'is what the fleet is ordered by'
    call.output.answer({ path, changes, ...(drafted && { drafted }) }, () =>
      [`${path} ${state}`, ...changes].join('\n'),
    )
  },
}

/** `steadfleet model use PATH` */
const use: CommandSpec = {
  name: 'model use',
  takes: [
    { name: '<path>', what: 'a statement that is published, as PUBLISHER/NAME/REVISION/all' },
  ],
  summary: 'Order the fleet by a statement of its model that is published already.',
  examples: ['model use acme/box/2/all'],
  async run(call) {
    const fleet = await openFleet(call)
    const now = call.world.now()
    const { statement: before } = await heldModel(fleet, now)
    const { path, statement } = await modelNamed(fleet, argument(call, 0), now)
    await useModel(fleet, statement)
    const changes = differencesOf(before, statement)
    call.output.answer({ path, changes }, () =>
      [`${path} is what the fleet is ordered by`, ...changes].join('\n'),
    )
  },
}

/** `steadfleet model …` */
export const modelCommands: readonly CommandSpec[] = [show, publish, use]

function changeOf(call: Call): ModelChange {
  const summary = textOption(call, 'summary')
  const development = textOption(call, 'development')
  return {
    require: listOption(call, 'require').map(name => parsePackageName(name)),
    optional: listOption(call, 'optional').map(name => parsePackageName(name)),
    interfaces: listOption(call, 'interface'),
    withoutInterfaces: listOption(call, 'withoutInterface'),
    grant: listOption(call, 'grant').map(parseRule).map(refuseNeverByRule),
    withoutGrant: listOption(call, 'withoutGrant').map(parseRule),
    ...(summary !== undefined && { summary }),
    ...(development !== undefined && { development: isYes(development) }),
  }
}

/** A server would give it to nobody. Errors: `confine/unknown-interface`, `cli/refused`. */
function refuseNeverByRule(rule: GrantRule): GrantRule {
  const [name] = rule
  interfaceNamed(name)
  if (!isNeverByRule(name)) return rule
  const message = `cannot grant ${name} by a rule: only a word about the very package grants it`
  throw new CliError('cli/refused', message, { interface: name, hint: 'steadfleet grants grant' })
}

function isYes(typed: string): boolean {
  if (typed === 'yes' || typed === 'no') return typed === 'yes'
  throw new CliError('cli/usage', `cannot read --development ${typed}: yes or no is needed`)
}

function refuseNoChange(before: Model, after: Model): string[] {
  const changes = differencesOf(before, after)
  if (changes.length > 0) return changes
  throw new CliError('cli/refused', `cannot publish ${modelPath(after)}: it says what is in force`)
}

/** Devices refuse an order without what their model requires, and there could be no other. */
function refuseNotRun(after: ModelStatement, run: readonly string[]): void {
  const lacking = after.required.filter(name => !run.includes(name))
  if (lacking.length === 0) return
  const message = `cannot require ${lacking.join(', ')}: the fleet does not run it`
  throw new CliError('cli/refused', message, { hint: 'steadfleet channel follow' })
}

function inWords({ path, statement }: HeldModel): string[] {
  const { summary, architectures, required, interfaces, development = false } = statement
  return [
    `${path}: ${summary}`,
    `architectures: ${architectures.join(', ')}`,
    `requires: ${required.join(', ') || 'nothing'}`,
    `interfaces: ${interfaces.join(', ') || 'none'}`,
    `grants: ${grantLines(statement).join(', ') || 'nothing'}`,
    `development: ${development ? 'yes' : 'no'}`,
  ]
}
