import { requestChanges } from '@steadfleet/confine'
import { type DeviceId, type PackageName, toTimestamp } from '@steadfleet/domain'
import {
  compareRequests,
  decideGrant,
  forgetGrant,
  listGrants,
  setGrantRules,
} from '@steadfleet/protocol'
import { announce } from '../announce.ts'
import { unknown } from '../error.ts'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { nameOf } from '../http/permissions.ts'
import { assignedTo } from '../store/device-store.ts'
import { releasesAt } from '../store/release-store.ts'
import { requestsAt } from '../store/review-store.ts'
import { newestRevision, toChangeView, toFleetGrants } from '../views/grants.ts'

/** What packages may touch: what they ask for, what they are granted, and who said so. */
export function handleGrants(handle: Handle, house: House): void {
  const { store, world, orderer } = house
  const { db } = store
  const now = () => toTimestamp(world.now())
  const takeEffect = async (fleet: string): Promise<number> => {
    const ordered = await orderer.settle()
    for (const topic of ['settings', 'rollouts', 'devices'] as const)
      announce(house, topic, { fleet })
    return ordered
  }

  handle(listGrants, async ({ params, query }) => toFleetGrants(house, params.fleet, query.device))

  handle(decideGrant, async ({ params, body, caller, write }) => {
    const { fleet, scope, target } = params
    const name = `${params.publisher}/${params.name}` as PackageName
    const revision =
      body.revision ??
      (await newestRevision(db, fleet, name)) ??
      (await assignedTo(db, target as DeviceId)).find(one => one.package === name)?.revision
    const request = await requestFor(house, name, revision, params.interface)
    const said = { package: name, interface: params.interface, scope, target }
    const made = { ...said, verdict: body.verdict, request, by: nameOf(caller) }
    const at = now()
    await write('decideGrant', { fleet, ...made, now: at })
    return { decision: { ...made, at }, ordered: await takeEffect(fleet) }
  })

  handle(forgetGrant, async ({ params, write }) => {
    const { fleet, scope, target } = params
    const name = `${params.publisher}/${params.name}`
    const said = { package: name, interface: params.interface, scope, target }
    await write('forgetGrant', { fleet, ...said, now: now() })
    await takeEffect(fleet)
    return undefined
  })

  handle(setGrantRules, async ({ params: { fleet }, body: rules, write }) => {
    await write('setGrantRules', { fleet, rules, now: now() })
    return { rules, ordered: await takeEffect(fleet) }
  })

  handle(compareRequests, async ({ params, query }) => {
    const name = `${params.publisher}/${params.name}`
    const { from, to } = query
    await refuseUnknown(house, name, to)
    if (from !== undefined) await refuseUnknown(house, name, from)
    const before = from === undefined ? [] : await requestsAt(db, name, from)
    return requestChanges(before, await requestsAt(db, name, to)).map(toChangeView)
  })
}

/** What a revision asks of an interface: only that can be granted. */
async function requestFor(
  { store: { db } }: House,
  name: PackageName,
  revision: number | undefined,
  wanted: string,
) {
  const requests = revision === undefined ? [] : await requestsAt(db, name, revision)
  const found = requests.find(one => one.interface === wanted)
  if (found) return found
  const message = `${wanted} among what ${name} requests`
  throw unknown('grant/not-requested', message, { package: name, interface: wanted })
}

async function refuseUnknown({ store }: House, name: string, revision: number): Promise<void> {
  if ((await releasesAt(store.db, name, revision)).length > 0) return
  throw unknown('release/unknown', `revision ${revision} of ${name}`, { package: name, revision })
}
