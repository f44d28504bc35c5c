import { type DeviceId, type SettingScope, toTimestamp } from '@steadfleet/domain'
import {
  getSealingKey,
  listSettingChanges,
  listSettings,
  previewSettings,
  revertSettings,
  setSettings,
} from '@steadfleet/protocol'
import { type Changed, whomItAffects } from '../acts/setting.ts'
import { announce } from '../announce.ts'
import { unknown } from '../error.ts'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'
import { nameOf } from '../http/permissions.ts'
import { deviceWithId, reportOf } from '../store/device-store.ts'
import { fleetNamed } from '../store/fleet-store.ts'
import { type Setting, settingChanges, settingsOf } from '../store/setting-store.ts'
import { toSettingChangeView, toSettingView } from '../views/views.ts'

/** As many devices a preview names. */
const mostNamed = 100

/** What owners give their apps: values by scope, whom a change concerns, and every change there was. */
export function handleSettings(handle: Handle, house: House): void {
  const { store, world } = house
  const { db } = store
  handleSealing(handle, house)
  handle(listSettings, async ({ params }) => {
    await fleetNamed(db, params.fleet)
    return (await settingsOf(db, params.fleet)).map(toSettingView)
  })
  handle(listSettingChanges, async ({ params: { fleet }, query }) => {
    await fleetNamed(db, fleet)
    const { package: name, after: before, limit } = query
    return (await settingChanges(db, { fleet, package: name, before, limit })).map(
      toSettingChangeView,
    )
  })
  handle(previewSettings, async ({ params, body }) => {
    const setting = { ...settingIn(params), values: body.values }
    const affected = await whomItAffects(db, {
      ...{ fleet: params.fleet, ...setting, now: toTimestamp(world.now()) },
    })
    const first = affected.slice(0, mostNamed).map(({ id, name, before, after }) => {
      return { device: id as DeviceId, name, before, after }
    })
    return { devices: affected.length, first }
  })
  handle(setSettings, async ({ params, body: { values, phases }, caller, write }) => {
    const setting = { ...settingIn(params), values }
    const act = { fleet: params.fleet, ...setting, phases, by: nameOf(caller) }
    const set = await write('setSettings', { ...act, now: toTimestamp(world.now()) })
    return { setting: toSettingView(setting), ...(await ordered(house, params.fleet, set)) }
  })
  handle(revertSettings, async ({ params, body, caller, write }) => {
    const act = { ...params, ...body, by: nameOf(caller), now: toTimestamp(world.now()) }
    return ordered(house, params.fleet, await write('revertSettings', act))
  })
}

/** The report is passed on as it was signed: whoever seals checks it against the device’s id. */
function handleSealing(handle: Handle, { store }: House): void {
  handle(getSealingKey, async ({ params: { device } }) => {
    const row = await deviceWithId(store.db, device)
    if (row.report_envelope !== null && reportOf(row)?.sealingKey !== undefined) {
      return { publicKey: row.public_key, report: JSON.parse(row.report_envelope) }
    }
    throw unknown('device/no-sealing-key', `the sealing key of ${device}`, { device })
  })
}

interface ScopeParams {
  readonly publisher: string
  readonly name: string
  readonly scope: SettingScope
  readonly target: string
}

function settingIn({ publisher, name, scope, target }: ScopeParams): Omit<Setting, 'values'> {
  return { package: `${publisher}/${name}`, scope, name: target }
}

async function ordered(
  house: House,
  fleet: string,
  { change, rollout }: Changed,
): Promise<{ change: number; rollout?: number; ordered: number }> {
  const signed = await house.orderer.settle()
  announce(house, 'settings', { fleet })
  if (rollout !== null) announce(house, 'rollouts', { fleet })
  return { change, ...(rollout !== null && { rollout }), ordered: signed }
}
