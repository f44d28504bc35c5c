import type { Phase, RolloutPolicy, RolloutRules } from '@steadfleet/domain'
import { type Call, listOption } from '../command.ts'
import { CliError } from '../error.ts'
import { toSeconds } from './update-policy.ts'

/** How a command takes the phases of the rollout that it begins. */
export const phaseOptions = [
  { flags: '--at-once', what: 'move the whole fleet in one phase' },
  {
    flags: '--phase <phase>',
    what: 'these phases, as 5, 10%,group=north or 100%,max-failures=1,soak=2h,at-once=20',
    repeats: true,
  },
]

/** What was said of phases; nothing where the fleet's policy is to say. */
export function phasesOf(call: Call): { phases?: Phase[] } {
  const phases = listOption(call, 'phase').map(toPhase)
  if (!call.options.atOnce) return phases.length === 0 ? {} : { phases }
  if (phases.length === 0) return { phases: [{ percent: 100, 'max-failures': 0 }] }
  throw new CliError('cli/usage', 'cannot take both --at-once and --phase')
}

/** What may follow the size of a phase, and what it becomes. */
const members = {
  'max-failures': (typed: string) => ({ 'max-failures': toCount(typed, 0) }),
  soak: (typed: string) => ({ 'soak-seconds': toSeconds(typed) }),
  'at-once': (typed: string) => ({ 'at-once': toCount(typed, 1) }),
  group: (typed: string) => ({ group: typed }),
} as const

/** `5`, `10%,group=north` or `100%,max-failures=1,soak=2h,at-once=20`. */
export function toPhase(typed: string): Phase {
  const [size = '', ...rest] = typed.split(',')
  const phase = rest.map(word => {
    const [name = '', value = '', ...more] = word.split('=')
    if (!Object.hasOwn(members, name) || value === '' || more.length > 0) throw wrong(typed)
    return members[name as keyof typeof members](value)
  })
  return Object.assign({}, toSize(size, typed), ...phase)
}

function toSize(size: string, typed: string): Pick<Phase, 'percent' | 'count'> {
  const [, percent] = /^(100|[1-9]\d?)%$/.exec(size) ?? []
  if (percent !== undefined) return { percent: Number(percent) }
  if (/^[1-9]\d{0,6}$/.test(size)) return { count: Number(size) }
  throw wrong(typed)
}

function toCount(typed: string, least: number): number {
  const count = Number(typed)
  if (/^\d{1,7}$/.test(typed) && count >= least) return count
  throw new CliError('cli/usage', `cannot take ${JSON.stringify(typed)}: write a whole number`)
}

function wrong(typed: string): CliError {
  const message = `cannot read ${JSON.stringify(typed)} as a phase: write 10%, 5 or 100%,max-failures=1,soak=2h,at-once=20`
  return new CliError('cli/usage', message)
}

/** A phase as it is typed. */
export function phaseText(phase: Phase): string {
  const { percent, count, group, where, devices } = phase
  const { 'max-failures': failures, 'soak-seconds': soak } = phase
  return [
    count === undefined ? `${percent ?? 100}%` : String(count),
    ...(group === undefined ? [] : [`group=${group}`]),
    ...(where === undefined ? [] : [`where ${where}`]),
    ...(devices === undefined ? [] : [`of ${devices.length} named`]),
    ...(failures === undefined ? [] : [`max-failures=${failures}`]),
    ...(soak === undefined ? [] : [`soak=${soak}s`]),
    ...(phase['at-once'] === undefined ? [] : [`at-once=${phase['at-once']}`]),
  ].join(',')
}

/** How rollouts go, in words: of all channels, of one that mends a flaw, of each channel that has more to say. */
export function rolloutPolicyLines({ channels = {}, security, ...all }: RolloutPolicy): string[] {
  return [
    `all channels: ${rulesText(all)}`,
    ...(security ? [`all channels, where a flaw is mended: ${rulesText(security)}`] : []),
    ...Object.entries(channels).flatMap(([channel, { security: urgent, ...rules }]) => [
      `${channel}: ${rulesText(rules)}`,
      ...(urgent ? [`${channel}, where a flaw is mended: ${rulesText(urgent)}`] : []),
    ]),
  ]
}

function rulesText({ phases, halting, approval, order }: RolloutRules): string {
  const bounds = Object.entries(halting ?? {}).map(([kind, share]) => `${kind} ${share}`)
  return [
    phases ? `phases ${phases.map(phaseText).join(' ')}` : 'the usual phases',
    ...(approval === undefined ? [] : [approval ? 'a second person approves' : 'nobody approves']),
    ...(order === undefined ? [] : [order === 'turns' ? 'by turns' : 'as they joined']),
    ...(bounds.length > 0 ? [`halts beyond ${bounds.join(', ')}`] : []),
  ].join('; ')
}
