import {
  type ChannelName,
  type PackageName,
  toTimestamp,
  type UpdatePolicy,
  usualCheckInSeconds,
} from '@steadfleet/domain'
import {
  addFleet,
  createEnrolmentToken,
  deviceTimeline,
  followChannel,
  getDeviceOrder,
  listFleets,
  listShares,
  setModel,
  setRollouts,
  setUpdates,
  unfollowPackage,
} from '@steadfleet/protocol'
import { announce } from '../announce.ts'
import { enrolmentCommand, enrolmentToken } from '../enrolment.ts'
import { ServerError, unknown } from '../error.ts'
import type { House } from '../house.ts'
import { originOf } from '../http/authenticate.ts'
import type { Handle } from '../http/handle.ts'
import { nameOf, seenBy } from '../http/permissions.ts'
import { makeSecret } from '../http/secrets.ts'
import { modelAt, refuseRequiredPackage, refuseUnfitModel } from '../model.ts'
import { deviceWithId, eventsWhere } from '../store/device-store.ts'
import { allFleets, fleetNamed } from '../store/fleet-store.ts'
import { orderAbove } from '../store/order-store.ts'
import { rolloutWithId } from '../store/rollout-store.ts'
import { shareHistory, sharesOf } from '../store/share-store.ts'
import { toFleetView, toTimelineEntry } from '../views/views.ts'

const tokenSeconds = 3600

/** Fleets: their devices, what happened on them, their packages and groups. */
export function handleFleets(handle: Handle, house: House): void {
  handleDeviceViews(handle, house)
  handleShares(handle, house)
  handlePolicies(handle, house)
  handlePackages(handle, house)
}

function handleDeviceViews(handle: Handle, house: House): void {
  const { facts } = house
  const { db } = house.store

  handle(listFleets, async ({ caller }) => {
    const seen = seenBy(caller)
    const fleets = (await allFleets(db)).filter(
      ({ name }) => seen === undefined || seen.some(fleet => fleet === name),
    )
    return Promise.all(fleets.map(row => toFleetView(house, row)))
  })

  handle(addFleet, async ({ body, write }) => {
    const { name: fleet, owner = facts.owner, model = facts.model } = body
    if (owner !== facts.owner) {
      const message = `cannot add fleet ${fleet}: this server is of ${facts.owner}, and each owner has a server`
      throw new ServerError('fleet/other-owner', message, { owner })
    }
    const statement = await modelAt(house, model)
    if (!statement) throw unknown('fleet/unknown-model', `model ${model}`, { model })
    await write('addFleet', {
      ...{ fleet, owner, model, grants: statement.grants },
      checkInSeconds: body['check-in-seconds'] ?? usualCheckInSeconds,
      probationSeconds: body['probation-seconds'] ?? null,
      now: toTimestamp(house.world.now()),
    })
    announce(house, 'devices', { fleet })
    return toFleetView(house, await fleetNamed(db, fleet))
  })

  handle(getDeviceOrder, async ({ params }) => {
    await deviceWithId(db, params.device)
    return orderAbove(db, params.device, 0)
  })

  handle(deviceTimeline, async ({ params, query }) => {
    await deviceWithId(db, params.device)
    const page = { device: params.device, before: query.after, limit: query.limit }
    return (await eventsWhere(db, page)).map(toTimelineEntry)
  })
}

/** Points of a chart: about a week by the hour and the day, or half a year by the day. */
const mostPoints = 200

function handleShares(handle: Handle, { store: { db } }: House): void {
  handle(listShares, async ({ params: { fleet } }) => {
    await fleetNamed(db, fleet)
    const history = await shareHistory(db, fleet, mostPoints)
    return (await sharesOf(db, fleet)).map(({ revision, ...share }) => ({
      ...{ ...share, package: share.package as PackageName, channel: share.channel as ChannelName },
      ...(revision !== null && { revision }),
      history: (history.get(share.package) ?? []).map(({ at, seconds, devices, fresh }) => ({
        ...{ at: toTimestamp(new Date(at * 1000)), seconds, devices, fresh },
      })),
    }))
  })
}

function handlePolicies(handle: Handle, house: House): void {
  const { store, world } = house

  handle(setModel, async ({ params: { fleet }, body: { model }, write }) => {
    const { grants } = await refuseUnfitModel(house, fleet, model)
    await write('setModel', { fleet, model, grants, now: toTimestamp(world.now()) })
    await house.orderer.nudge()
    announce(house, 'devices', { fleet })
    return toFleetView(house, await fleetNamed(store.db, fleet))
  })

  handle(setUpdates, async ({ params: { fleet }, body: updates, write }) => {
    refuseUnknownZone(updates)
    await write('setUpdates', { fleet, updates })
    await house.orderer.nudge()
    announce(house, 'devices', { fleet })
    return toFleetView(house, await fleetNamed(store.db, fleet))
  })

  handle(setRollouts, async ({ params: { fleet }, body: policy, write }) => {
    await write('setRollouts', { fleet, policy })
    announce(house, 'devices', { fleet })
    return toFleetView(house, await fleetNamed(store.db, fleet))
  })
}

function handlePackages(handle: Handle, house: House): void {
  const { store, world } = house

  handle(createEnrolmentToken, async ({ params, body, request, write }) => {
    await fleetNamed(store.db, params.fleet)
    const { text, hash } = makeSecret(world)
    const seconds = body['valid-seconds'] ?? tokenSeconds
    const expiresAt = toTimestamp(new Date(world.now().getTime() + seconds * 1000))
    await write('createEnrolmentToken', { hash, fleet: params.fleet, expiresAt })
    const origin = originOf(house, request)
    const token = await enrolmentToken(house, origin, text)
    return { token, expiresAt, command: await enrolmentCommand(house, origin, token) }
  })

  handle(followChannel, async ({ params, body, caller, write }) => {
    const name = `${params.publisher}/${params.name}`
    const { rollouts } = await write('followChannel', {
      fleet: params.fleet,
      package: name,
      channel: body.channel,
      by: nameOf(caller),
      now: toTimestamp(world.now()),
    })
    await house.orderer.nudge()
    announce(house, 'rollouts', { fleet: params.fleet })
    announce(house, 'devices', { fleet: params.fleet })
    return { rollouts: await Promise.all(rollouts.map(id => rolloutWithId(store.db, id))) }
  })

  handle(unfollowPackage, async ({ params, write }) => {
    const name = `${params.publisher}/${params.name}`
    await refuseRequiredPackage(house, params.fleet, name)
    await write('unfollowPackage', { fleet: params.fleet, package: name })
    await house.orderer.nudge()
    announce(house, 'rollouts', { fleet: params.fleet })
    return undefined
  })
}

/** A device that does not know the zone would read the windows in UTC. */
function refuseUnknownZone({ 'time-zone': zone }: UpdatePolicy): void {
  if (zone === undefined) return
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    const message = `cannot set update windows in ${zone}: nobody knows this time zone`
    throw new ServerError('fleet/unknown-zone', message, { zone }, { cause })
  }
}
