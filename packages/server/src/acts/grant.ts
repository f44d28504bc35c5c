import { type GrantDecision, type GrantSituation, isNeverByRule } from '@steadfleet/confine'
import type { GrantRules, InterfaceRequest } from '@steadfleet/domain'
import { ServerError, unknown } from '../error.ts'
import { deviceIn } from '../store/device-store.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import { keepCeiling } from '../store/grant-store.ts'
import type { Db } from '../store/schema.ts'
import { advanceWaiting } from './advance.ts'
import { markDue, markFleetDue } from './due.ts'

/** What somebody says of one interface of a package, for the fleet or for one device. */
export interface NewDecision {
  readonly fleet: string
  readonly package: string
  readonly interface: string
  readonly scope: GrantDecision['scope']
  readonly target: string
  readonly verdict: GrantDecision['verdict']
  /** What the package asks for now. */
  readonly request: InterfaceRequest
  readonly by: string
  readonly now: string
}

/** Keeps a decision; devices are ordered anew, and rollouts that waited for it go on. */
export async function decideGrant(db: Db, decision: NewDecision): Promise<void> {
  await refuseOtherTarget(db, decision)
  const { fleet, scope, target, verdict, by, now } = decision
  const said = { verdict, request: JSON.stringify(decision.request), said_by: by, said_at: now }
  await db
    .insertInto('grant_decision')
    .values({ ...keyOf(decision), ...said })
    .onConflict(conflict =>
      conflict.columns(['fleet', 'package', 'interface', 'scope', 'target']).doUpdateSet(said),
    )
    .execute()
  await takeEffect(db, fleet, scope === 'device' ? target : undefined, now)
}

/** Takes a decision back, as if nobody had said anything. */
export async function forgetGrant(
  db: Db,
  decision: Omit<NewDecision, 'verdict' | 'request' | 'by'>,
): Promise<void> {
  const { fleet, scope, target, now } = decision
  const key = keyOf(decision)
  const gone = await db
    .deleteFrom('grant_decision')
    .where('fleet', '=', key.fleet)
    .where('package', '=', key.package)
    .where('interface', '=', key.interface)
    .where('scope', '=', key.scope)
    .where('target', '=', key.target)
    .returning('package')
    .executeTakeFirst()
  if (!gone) {
    const what = `what was said of ${key.interface} of ${key.package} for ${target}`
    throw unknown('grant/unknown', what, { package: key.package, interface: key.interface })
  }
  await takeEffect(db, fleet, scope === 'device' ? target : undefined, now)
}

export interface NewRules {
  readonly fleet: string
  readonly rules: GrantRules
  readonly now: string
}

/** Says who of a fleet's packages has an interface without being asked about. */
export async function setGrantRules(db: Db, { fleet, rules, now }: NewRules): Promise<void> {
  await fleetNamed(db, fleet)
  refuseNeverByRule(rules)
  const json = JSON.stringify(rules)
  await db.updateTable('fleet').set({ grant_rules: json }).where('name', '=', fleet).execute()
  await takeEffect(db, fleet, undefined, now)
}

function refuseNeverByRule(rules: GrantRules): void {
  const name = Object.keys(rules).find(isNeverByRule)
  if (name === undefined) return
  const message = `cannot grant ${name} by a rule: only a word about the very package grants it`
  throw new ServerError('grant/never-by-rule', message, { interface: name })
}

export interface ModelGrants extends Pick<NewRules, 'fleet' | 'now'> {
  readonly grants: GrantRules
}

/** Keeps what the statement that a fleet is ordered by grants. */
export async function noteModelGrants(db: Db, { fleet, grants, now }: ModelGrants): Promise<void> {
  const json = JSON.stringify(grants)
  if ((await fleetNamed(db, fleet)).model_grants === json) return
  await db.updateTable('fleet').set({ model_grants: json }).where('name', '=', fleet).execute()
  await takeEffect(db, fleet, undefined, now)
}

/** The ceiling as a policy that is in force has it: what it lets in may be what a rollout waits for. */
export async function noteCeiling(
  db: Db,
  { ceiling, now }: { readonly ceiling: GrantSituation['ceiling']; readonly now: string },
): Promise<void> {
  await keepCeiling(db, ceiling)
  await advanceWaiting(db, now)
}

async function takeEffect(
  db: Db,
  fleet: string,
  device: string | undefined,
  now: string,
): Promise<void> {
  if (device === undefined) await markFleetDue(db, fleet)
  else await markDue(db, [device])
  await advanceWaiting(db, now)
}

async function refuseOtherTarget(db: Db, { fleet, scope, target }: NewDecision): Promise<void> {
  await fleetNamed(db, fleet)
  if (scope !== 'fleet') await deviceIn(db, fleet, target)
  else if (target !== fleet) throw unknown('fleet/unknown', `fleet ${target}`, { fleet: target })
}

type Key = Pick<NewDecision, 'fleet' | 'package' | 'interface' | 'scope' | 'target'>

function keyOf({ fleet, package: name, interface: opened, scope, target }: Key): Key {
  return { fleet, package: name, interface: opened, scope, target }
}
