import { type DeviceId, toTimestamp } from '@steadfleet/domain'
import {
  actOnDevice,
  actOnDevices,
  getDevice,
  listDevices,
  listGroups,
  previewDevices,
  putGroup,
  removeGroup,
} from '@steadfleet/protocol'
import { type About, announce } from '../announce.ts'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { nameOf } from '../http/permissions.ts'
import { digestOfSet, findDevices, groupsWith, idsWhere } from '../store/device-search.ts'
import { deviceWithId, namedDevices } from '../store/device-store.ts'
import { fleetNamed, groupsOf } from '../store/fleet-store.ts'
import { toDeviceView, toDeviceViews, toGroupView } from '../views/views.ts'

/** Devices of one page where nobody says how many. */
const usualPage = 1000

/** Devices that a preview tells by name. */
const mostNamed = 20

/** Devices by query: found, previewed, acted on, and saved as groups. */
export function handleDeviceSets(handle: Handle, house: House): void {
  handleFinding(handle, house)
  handleActs(handle, house)
  handleGroups(handle, house)
}

function handleFinding(handle: Handle, house: House): void {
  const { world } = house
  const { db } = house.store

  handle(listDevices, async ({ params, query: { query, search, gone, after, limit } }) => {
    await fleetNamed(db, params.fleet)
    const question = { ...params, query, search, isGone: gone, now: world.now() }
    const page = { after, limit: limit ?? usualPage }
    return toDeviceViews(house, await findDevices(db, question, page))
  })

  handle(getDevice, async ({ params }) => {
    const row = await deviceWithId(db, params.device)
    const groups = await groupsWith(db, row, world.now())
    return { ...(await toDeviceView(house, row)), groups }
  })

  handle(previewDevices, async ({ params, query }) => {
    await fleetNamed(db, params.fleet)
    const ids = await idsWhere(db, { ...params, ...query, now: world.now() })
    const named = await namedDevices(db, ids.slice(0, mostNamed))
    const first = ids.slice(0, mostNamed).map(id => {
      return { id: id as DeviceId, name: named.get(id)?.name ?? id }
    })
    return { devices: ids.length, set: digestOfSet(ids), first }
  })
}

function handleActs(handle: Handle, house: House): void {
  const { store, world, orderer } = house

  const follow = async (
    about: About,
    devices: readonly string[],
    isGone: boolean,
  ): Promise<void> => {
    if (isGone) for (const device of devices) house.keyHolders.delete(device)
    await orderer.nudge()
    announce(house, 'devices', about)
    announce(house, 'rollouts', about)
  }

  handle(actOnDevices, async ({ params, body, caller, write }) => {
    const now = toTimestamp(world.now())
    const acting = { ...params, ...body, by: nameOf(caller), now }
    const { devices } = await write('actOnDevices', acting)
    await follow({ fleet: params.fleet }, devices, body.act.act === 'decommission')
    return { devices: devices.length }
  })

  handle(actOnDevice, async ({ params, body: { act }, caller, write }) => {
    const now = toTimestamp(world.now())
    await write('actOnDevice', { ...params, act, by: nameOf(caller), now })
    await follow(params, [params.device], act.act === 'decommission')
    return toDeviceView(house, await deviceWithId(store.db, params.device))
  })
}

function handleGroups(handle: Handle, house: House): void {
  const { db } = house.store

  handle(listGroups, async ({ params: { fleet } }) => {
    await fleetNamed(db, fleet)
    const groups = await groupsOf(db, fleet)
    return Promise.all(groups.map(group => toGroupView(house, fleet, group)))
  })

  handle(putGroup, async ({ params: { fleet, group: name }, body: { query }, write }) => {
    await write('putGroup', { fleet, name, query })
    await house.orderer.nudge()
    announce(house, 'settings', { fleet })
    return toGroupView(house, fleet, { name, query })
  })

  handle(removeGroup, async ({ params, write }) => {
    await write('removeGroup', { fleet: params.fleet, name: params.group })
    await house.orderer.nudge()
    announce(house, 'settings', { fleet: params.fleet })
    return undefined
  })
}
