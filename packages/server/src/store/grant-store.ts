import type { GrantDecision, GrantSituation } from '@steadfleet/confine'
import type { Db } from './schema.ts'

/** What somebody said of one interface of a package, for a fleet or for one device. */
export interface StoredDecision extends GrantDecision {
  readonly package: string
  /** The device's id, or the fleet's own name. */
  readonly target: string
  readonly by: string
  readonly at: string
}

/** Every decision in a fleet, or those about one package. */
export async function decisionsOf(db: Db, fleet: string, name?: string): Promise<StoredDecision[]> {
  const rows = await db
    .selectFrom('grant_decision')
    .selectAll()
    .where('fleet', '=', fleet)
    .$if(name !== undefined, q => q.where('package', '=', name ?? ''))
    .orderBy('package')
    .orderBy('interface')
    .orderBy('scope')
    .orderBy('target')
    .execute()
  return rows.map(row => ({
    package: row.package,
    interface: row.interface,
    scope: row.scope as GrantDecision['scope'],
    target: row.target,
    verdict: row.verdict as GrantDecision['verdict'],
    request: JSON.parse(row.request),
    by: row.said_by,
    at: row.said_at,
  }))
}

type Rules = Pick<GrantSituation, 'rules' | 'modelRules'>

/** The rules by which a fleet and its model grant without being asked. */
async function grantRulesOf(db: Db, fleet: string): Promise<Rules> {
  const row = await db
    .selectFrom('fleet')
    .select(['grant_rules', 'model_grants'])
    .where('name', '=', fleet)
    .executeTakeFirst()
  if (!row) return { rules: {}, modelRules: {} }
  return { rules: JSON.parse(row.grant_rules), modelRules: JSON.parse(row.model_grants) }
}

const ceilingFact = 'ceiling'

/** The ceiling of the trust policy in force, as the writer's thread was told of it. */
export async function ceilingOf(db: Db): Promise<GrantSituation['ceiling']> {
  const row = await db
    .selectFrom('fact')
    .select('value')
    .where('name', '=', ceilingFact)
    .executeTakeFirst()
  return new Map(row ? JSON.parse(row.value) : [])
}

export async function keepCeiling(db: Db, ceiling: GrantSituation['ceiling']): Promise<void> {
  const value = JSON.stringify([...ceiling])
  await db
    .insertInto('fact')
    .values({ name: ceilingFact, value })
    .onConflict(conflict => conflict.column('name').doUpdateSet({ value }))
    .execute()
}

/** All that decides which is the same for every device of a fleet. */
export interface SaidInFleet extends Omit<GrantSituation, 'package' | 'decisions'> {
  readonly decisions: readonly StoredDecision[]
}

/** What decides about a package on one device, out of all that was said in its fleet. */
export function situationFor(name: string, device: string, said: SaidInFleet): GrantSituation {
  const decisions = said.decisions.filter(
    one => one.package === name && (one.scope === 'fleet' || one.target === device),
  )
  return { ...said, package: name, decisions }
}

export async function saidInFleet(
  db: Db,
  fleet: string,
  ceiling: GrantSituation['ceiling'],
): Promise<SaidInFleet> {
  const [decisions, rules] = await Promise.all([decisionsOf(db, fleet), grantRulesOf(db, fleet)])
  return { decisions, ...rules, ceiling }
}
