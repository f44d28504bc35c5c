import { type AlertCount, alertCounts } from '@steadfleet/domain'
import { listAlertRules, putAlertRule, removeAlertRule } from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'

/** `steadfleet alert list` */
const alertList: CommandSpec = {
  name: 'alert list',
  summary:
    'The standing rules of the fleet: what is counted, and from how many on somebody is told.',
  examples: ['alert list', 'alert list --json'],
  async run(call) {
    const { client, home } = await openFleet(call)
    const all = await client.call(listAlertRules, { params: { fleet: home.fleet } })
    call.output.answer(all, () =>
      toTable(
        ['rule', 'counts', 'from', 'within', 'last told'],
        all.map(one => [
          ...[one.name, one.counts, `${one['at-least']}`, `${one['within-seconds']} s`],
          one.raisedAt ?? 'never',
        ]),
        'no rule yet: steadfleet alert set NAME --counts failure --at-least 100',
      ),
    )
  },
}

/** `steadfleet alert set NAME` */
const alertSet: CommandSpec = {
  name: 'alert set',
  takes: [{ name: '<rule>', what: 'its name; a rule of that name is replaced' }],
  summary: 'Tell whoever chose alert.raised when so many come within so long.',
  options: [
    { flags: '--counts <what>', what: alertCounts.join(', ') },
    { flags: '--at-least <number>', what: 'from so many on' },
    { flags: '--within <seconds>', what: 'within so long, an hour otherwise' },
  ],
  examples: [
    'alert set flood --counts failure --at-least 100',
    'alert set quiet --counts device.silent --at-least 20 --within 900 --json',
  ],
  async run(call) {
    const { client, home } = await openFleet(call)
    const body = {
      counts: countsOf(call),
      'at-least': numberOption(call, 'atLeast', undefined),
      'within-seconds': numberOption(call, 'within', 3600),
    }
    const params = { fleet: home.fleet, rule: argument(call, 0) }
    const rule = await client.call(putAlertRule, { params, body })
    call.output.answer(rule, () => `rule ${rule.name} counts ${rule.counts}`)
  },
}

/** `steadfleet alert remove NAME` */
const alertRemove: CommandSpec = {
  name: 'alert remove',
  takes: [{ name: '<rule>', what: 'its name' }],
  summary: 'Forget a rule.',
  examples: ['alert remove flood', 'alert remove flood --json'],
  async run(call) {
    const { client, home } = await openFleet(call)
    const rule = argument(call, 0)
    await client.call(removeAlertRule, { params: { fleet: home.fleet, rule } })
    call.output.answer({ removed: rule }, () => `rule ${rule} is forgotten`)
  },
}

export const alertCommands: readonly CommandSpec[] = [alertList, alertSet, alertRemove]

function countsOf(call: Call): AlertCount {
  const typed = textOption(call, 'counts')
  const known = alertCounts.find(one => one === typed)
  if (known) return known
  throw new CliError(
    'cli/usage',
    `cannot count ${typed ?? 'nothing'}: not ${alertCounts.join(', ')}`,
  )
}

function numberOption(call: Call, name: string, otherwise: number | undefined): number {
  const typed = textOption(call, name)
  if (typed === undefined && otherwise !== undefined) return otherwise
  if (typed !== undefined && /^[1-9][0-9]{0,8}$/.test(typed)) return Number(typed)
  throw new CliError('cli/usage', 'cannot set the rule: name numbers for --at-least and --within')
}
