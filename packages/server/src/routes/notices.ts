import { toBase64, toHex } from '@steadfleet/base'
import { toTimestamp } from '@steadfleet/domain'
import {
  addEndpoint,
  changeEndpoint,
  listDeliveries,
  listEndpoints,
  listNotices,
  removeEndpoint,
  renewEndpointSecret,
  replayDeliveries,
  testEndpoint,
} from '@steadfleet/protocol'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { nameOf, seenBy } from '../http/permissions.ts'
import { deliveriesTo, endpointOf, endpointsOf, noticesWhere } from '../store/endpoint-store.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import { toDeliveryView, toEndpointView, toNoticeView } from '../views/notices.ts'
import { secretPrefix } from '../webhooks/sign.ts'
import { handleTold } from './told.ts'

const usualPage = 100
/** For so long a secret that was renewed signs beside the new one. */
const oldSecretMs = 86_400_000

/** What people are told, and where it is sent. */
export function handleNotices(handle: Handle, house: House): void {
  const { store, world } = house
  const { db } = store
  const now = (): string => toTimestamp(world.now())

  handle(listNotices, async ({ query: { after: before, limit = usualPage }, caller }) =>
    (await noticesWhere(db, { fleets: seenBy(caller), before, limit })).map(toNoticeView),
  )

  handle(listEndpoints, async ({ params: { fleet } }) => {
    await fleetNamed(db, fleet)
    return (await endpointsOf(db, fleet)).map(toEndpointView)
  })

  handle(addEndpoint, async ({ params: { fleet }, body, caller, write }) => {
    const url = refuseOtherUrl(house, body.url)
    const [id, secret] = [`end_${toHex(world.random(10))}`, newSecret(house)]
    const made = { by: nameOf(caller), now: now() }
    await write('addEndpoint', { fleet, id, url, kinds: body.kinds, secret, ...made })
    const endpoint = toEndpointView(await endpointOf(db, fleet, id))
    return { endpoint, secret: secretPrefix + secret }
  })

  handle(changeEndpoint, async ({ params: { fleet, endpoint: id }, body, caller, write }) => {
    await write('changeEndpoint', { fleet, id, ...body, by: nameOf(caller) })
    return toEndpointView(await endpointOf(db, fleet, id))
  })

  handle(removeEndpoint, async ({ params: { fleet, endpoint: id }, write }) => {
    await write('removeEndpoint', { fleet, id })
    return undefined
  })

  handle(renewEndpointSecret, async ({ params: { fleet, endpoint: id }, write }) => {
    const secret = newSecret(house)
    const oldUntil = toTimestamp(new Date(world.now().getTime() + oldSecretMs))
    await write('renewEndpointSecret', { fleet, id, secret, oldUntil })
    return { secret: secretPrefix + secret }
  })

  handleDeliveries(handle, house)
  handleTold(handle, house)
}

function handleDeliveries(handle: Handle, { store, world }: House): void {
  const { db } = store
  const now = (): string => toTimestamp(world.now())

  handle(testEndpoint, async ({ params: { fleet, endpoint: id }, caller, write }) =>
    write('testEndpoint', { fleet, id, by: nameOf(caller), now: now() }),
  )

  handle(replayDeliveries, async ({ params: { fleet, endpoint: id }, body, write }) =>
    write('replayDeliveries', { fleet, id, ...body, now: now() }),
  )

  handle(listDeliveries, async ({ params: { fleet, endpoint }, query }) => {
    await endpointOf(db, fleet, endpoint)
    const page = { before: query.after, limit: query.limit ?? usualPage }
    return (await deliveriesTo(db, endpoint, page)).map(toDeliveryView)
  })
}

function newSecret({ world }: House): string {
  return toBase64(world.random(32))
}

/** What a URL leads to is looked at again with each try: a name may lead elsewhere by then. */
function refuseOtherUrl({ reach }: House, text: string): string {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new ServerError('webhook/malformed-url', 'cannot send webhooks there: it is no https URL')
  }
  reach.refuseAtSight(url)
  return url.href
}
