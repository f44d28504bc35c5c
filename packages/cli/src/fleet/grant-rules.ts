import type { GrantRules } from '@steadfleet/domain'
import { CliError } from '../error.ts'

/** Who has an interface without being asked about, as it is typed: `camera=acme/doorbell`. */
export type GrantRule = readonly [name: string, to: string]

export function parseRule(typed: string): GrantRule {
  const [name = '', to = ''] = typed.split('=')
  if (name !== '' && to !== '') return [name, to]
  const message = `cannot take ${typed} for a rule: it is INTERFACE=PUBLISHER/NAME`
  throw new CliError('cli/usage', message, { rule: typed })
}

export function withRules(
  held: GrantRules,
  add: readonly GrantRule[],
  remove: readonly GrantRule[],
): GrantRules {
  const pairs: GrantRule[] = [
    ...Object.entries(held).flatMap(([name, all]) => all.map((to): GrantRule => [name, to])),
    ...add,
  ]
  const kept = pairs.filter(([name, to]) => !remove.some(one => one[0] === name && one[1] === to))
  const byName = Map.groupBy(kept, ([name]) => name)
  return Object.fromEntries(
    [...byName].map(([name, all]) => [name, [...new Set(all.map(([, to]) => to))]]),
  )
}
