import type { DeviceId, Phase, RolloutPolicy } from '@steadfleet/domain'
import type { Members } from '@steadfleet/rollout'
import { toCondition } from '../query/compile.ts'
import { idsWhere } from '../store/device-search.ts'
import { groupsOf } from '../store/fleet-store.ts'
import type { Db } from '../store/schema.ts'

interface Place {
  readonly fleet: string
  readonly now: string
}

/** Who may be in each phase, as the fleet is now; undefined where a phase names nobody. */
export function membersOf(db: Db, place: Place, phases: readonly Phase[]): Promise<Members[]> {
  return Promise.all(phases.map(phase => membersIn(db, place, phase)))
}

async function membersIn(db: Db, { fleet, now }: Place, phase: Phase): Promise<Members> {
  const query = queryOf(phase)
  if (query === undefined) return phase.devices && new Set(phase.devices)
  const found = (await idsWhere(db, { fleet, query, now: new Date(now) })) as DeviceId[]
  const { devices } = phase
  return new Set(devices ? found.filter(id => devices.includes(id)) : found)
}

/** What a phase asks of its devices, as one query. */
function queryOf({ group, where }: Phase): string | undefined {
  const asked = [
    ...(group === undefined ? [] : [`"${group}" in groups`]),
    ...(where ? [where] : []),
  ]
  return asked.length === 0 ? undefined : asked.map(part => `(${part})`).join(' && ')
}

/** A phase whose query cannot be asked, or whose group is not there, is refused before anything is moved. */
export async function refuseUnasked(
  db: Db,
  fleet: string,
  phases: readonly Phase[],
): Promise<void> {
  const queries = phases.flatMap(phase => queryOf(phase) ?? [])
  if (queries.length === 0) return
  const groups = new Map((await groupsOf(db, fleet)).map(({ name, query }) => [name, query]))
  for (const query of queries) toCondition(query, { groups, now: new Date(0) })
}

/** Every phase that a policy states, of whichever rules. */
export function phasesOf({ channels = {}, security, ...all }: RolloutPolicy): Phase[] {
  const rules = [all, security, ...Object.values(channels).flatMap(one => [one, one.security])]
  return rules.flatMap(one => one?.phases ?? [])
}

/** Whether a phase is of a group, or its query may be. */
export function isNamedBy(phases: readonly Phase[], group: string): boolean {
  const quoted = [`"${group}"`, `'${group}'`]
  return phases.some(
    phase => phase.group === group || quoted.some(name => phase.where?.includes(name)),
  )
}
