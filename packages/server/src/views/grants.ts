import {
  interfaceNamed,
  interfaceNames,
  isUnderCeiling,
  type RequestChange,
  standingOf,
} from '@steadfleet/confine'
import type { DeviceId, InterfaceRequest, PackageName } from '@steadfleet/domain'
import type { FleetGrants, GrantView, RequestChangeView } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import { assignedTo, deviceIn } from '../store/device-store.ts'
import { fleetNamed, packagesOf } from '../store/fleet-store.ts'
import { saidInFleet, situationFor } from '../store/grant-store.ts'
import { channelNamed } from '../store/release-store.ts'
import { requestsAt } from '../store/review-store.ts'
import { settledRevision, unfinishedRollouts } from '../store/rollout-store.ts'
import type { Db } from '../store/schema.ts'

/** What every package of a fleet asks for, and how the fleet stands to it; or of one device, and for that. */
export async function toFleetGrants(
  house: House,
  fleet: string,
  device?: DeviceId,
): Promise<FleetGrants> {
  const { db } = house.store
  await fleetNamed(db, fleet)
  const said = await saidInFleet(db, fleet, house.owner.policy().signed.ceiling)
  const grants: GrantView[] = []
  for (const [name, revision] of await revisionsOf(db, fleet, device)) {
    const waits = await waitedFor(db, fleet, name)
    for (const request of onceEach(await requestsAt(db, name, revision))) {
      const situation = situationFor(name, device ?? '', said)
      const own = said.decisions.filter(
        one =>
          one.package === name && one.interface === request.interface && one.scope === 'device',
      )
      grants.push({
        package: name as PackageName,
        revision,
        interface: request.interface,
        request,
        ...wordsFor(request.interface),
        ...standingOf(request, situation),
        underCeiling: isUnderCeiling(situation, request.interface),
        waits: waits.includes(request.interface),
        devices: own.map(({ target }) => target as DeviceId),
      })
    }
  }
  const decisions = said.decisions.map(one => ({ ...one, package: one.package as PackageName }))
  const { rules, modelRules } = said
  return { grants, decisions, rules, modelRules }
}

/** Each package, and the revision that asks: on a device without a channel, the one that it was ordered. */
async function revisionsOf(
  db: Db,
  fleet: string,
  device: DeviceId | undefined,
): Promise<[name: string, revision: number][]> {
  const assigned =
    device === undefined ? [] : await assignedTo(db, (await deviceIn(db, fleet, device)).id)
  const names = device === undefined ? await packagesOf(db, fleet) : assigned
  const all = names.map(async ({ package: name }) => {
    const own = assigned.find(one => one.package === name)?.revision
    return [name, (await newestRevision(db, fleet, name)) ?? own] as const
  })
  return (await Promise.all(all)).flatMap(([name, revision]) =>
    revision === undefined ? [] : [[name, revision]],
  )
}

/** Several architectures ask once. */
function onceEach(requests: readonly InterfaceRequest[]): InterfaceRequest[] {
  return [...new Map(requests.map(one => [one.interface, one])).values()]
}

function wordsFor(name: string): Pick<GrantView, 'title' | 'opens' | 'danger' | 'risk'> {
  if (!interfaceNames.includes(name)) {
    const opens = 'nothing that this server knows of'
    return { title: name, opens, danger: opens, risk: 'high' }
  }
  const { title, opens, danger, risk } = interfaceNamed(name)
  return { title, opens, danger, risk }
}

async function waitedFor(db: Db, fleet: string, name: string): Promise<string[]> {
  const rollouts = await unfinishedRollouts(db, fleet, name)
  return rollouts.flatMap(({ waits_for }) =>
    (JSON.parse(waits_for) as InterfaceRequest[]).map(one => one.interface),
  )
}

/** The revision that is rolled out; else the one that runs; else where the channel points. */
export async function newestRevision(
  db: Db,
  fleet: string,
  name: string,
): Promise<number | undefined> {
  const rolled = (await unfinishedRollouts(db, fleet, name)).at(-1)?.revision
  if (rolled !== undefined) return rolled
  const settled = await settledRevision(db, fleet, name)
  if (settled !== undefined) return settled
  const followed = (await packagesOf(db, fleet)).find(one => one.package === name)
  return followed && (await channelNamed(db, name, followed.channel))?.revision
}

export function toChangeView(change: RequestChange): RequestChangeView {
  const { opens, risk } = wordsFor(change.interface)
  return { ...change, asks: [...change.asks], drops: [...change.drops], opens, risk }
}
