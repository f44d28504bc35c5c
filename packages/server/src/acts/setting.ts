import {
  faultsInSettings,
  type Phase,
  type SchemaFault,
  type SettingScope,
  type SettingValues,
} from '@steadfleet/domain'
import { ServerError, unknown } from '../error.ts'
import { type Affected, affectedBy } from '../orders/affected.ts'
import { deviceIn } from '../store/device-store.ts'
import { fleetNamed, groupsOf } from '../store/fleet-store.ts'
import type { Db } from '../store/schema.ts'
import { type Setting, settingChange, settingsOf } from '../store/setting-store.ts'
import { channelOf, type Declared, newestDeclared } from './declared-settings.ts'
import { markDue, markFleetDue } from './due.ts'
import { startRollout, supersede } from './rollout.ts'
import { settle } from './settle.ts'

export interface NewSetting {
  readonly fleet: string
  readonly package: string
  readonly scope: SettingScope
  /** The group, the device, or the fleet's own name. */
  readonly name: string
  readonly values: SettingValues
}

export interface SettingAct extends NewSetting {
  /** Absent: those of the fleet's policy. */
  readonly phases?: readonly Phase[] | undefined
  readonly by: string
  readonly now: string
}

export interface Changed {
  readonly change: number
  /** What moves the devices; none where the change is a device's own, or nobody sees anything of it. */
  readonly rollout: number | null
}

/**
 * Sets all values of one scope; what the release does not declare so is refused, and nothing kept. What concerns
 * a group or the fleet is rolled out as a release is.
 */
export async function setSettings(db: Db, act: SettingAct): Promise<Changed> {
  const declared = await refuseUnfit(db, act)
  const change = await keepChange(db, act)
  if (act.scope === 'device') {
    await markDue(db, [act.name])
    return { change, rollout: null }
  }
  const affected = await whomItAffects(db, act)
  const channel = await channelOf(db, act)
  const of = { fleet: act.fleet, package: act.package }
  if (affected.length > 0 && channel !== undefined) {
    const { phases, by, now } = act
    const start = { ...of, revision: declared.revision, channel, phases, by, now }
    const rollout = await startRollout(db, { ...start, settings: change })
    await db.updateTable('setting_change').set({ rollout }).where('id', '=', change).execute()
    return { change, rollout }
  }
  await supersede(db, { ...of, kind: 'settings' })
  await settle(db, of, change)
  await markFleetDue(db, act.fleet)
  return { change, rollout: null }
}

export interface Reverting extends Pick<SettingAct, 'fleet' | 'phases' | 'by' | 'now'> {
  readonly change: number
}

/** Gives a scope the values again that it had before a change: a change of its own, with its own rollout. */
export async function revertSettings(db: Db, reverting: Reverting): Promise<Changed> {
  const { change: id, ...act } = reverting
  const { fleet, package: name, scope, name: of, before } = await settingChange(db, id)
  if (fleet !== act.fleet) {
    throw unknown('setting/unknown-change', `change ${id} of settings`, { change: id })
  }
  return setSettings(db, { ...act, package: name, scope, name: of, values: before })
}

/** Whose values would differ, and how, where this was set. */
export async function whomItAffects(
  db: Db,
  setting: NewSetting & { readonly now: string },
): Promise<Affected[]> {
  const { settings } = await refuseUnfit(db, setting)
  const { fleet, package: name } = setting
  const others = (await settingsOf(db, fleet, name)).filter(other => !isSameScope(other, setting))
  const of = { fleet, package: name, declared: settings, now: new Date(setting.now) }
  return affectedBy(db, of, [...others, setting])
}

async function keepChange(db: Db, act: SettingAct): Promise<number> {
  const { fleet, package: name, scope, name: of, values, by, now } = act
  const held = (await settingsOf(db, fleet, name)).find(other => isSameScope(other, act))
  const { id } = await db
    .insertInto('setting_change')
    .values({
      ...{ fleet, package: name, scope, name: of, by, at: now, rollout: null },
      ...{ before: JSON.stringify(held?.values ?? {}), after: JSON.stringify(values) },
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  return id
}

function isSameScope(one: Omit<Setting, 'values'>, other: Omit<Setting, 'values'>): boolean {
  return one.package === other.package && one.scope === other.scope && one.name === other.name
}

async function refuseUnfit(db: Db, setting: NewSetting): Promise<Declared> {
  await fleetNamed(db, setting.fleet)
  await refuseUnknownTarget(db, setting)
  const declared = await newestDeclared(db, setting)
  const faults = [
    ...faultsInSettings(declared.settings, setting.values),
    ...sealedFor(declared, setting),
  ]
  if (faults.length === 0) return declared
  const lines = faults.map(({ path, message }) => `${path.slice(1)} ${message}`)
  const message = `cannot set ${setting.package}: ${lines.join('; ')}`
  throw new ServerError('setting/mismatch', message, { package: setting.package, faults: lines })
}

/** A secret is sealed to one device, so that what a group or a fleet is given opens nowhere. */
function sealedFor({ settings }: Declared, { scope, values }: NewSetting): SchemaFault[] {
  if (scope === 'device') return []
  const secrets = Object.keys(values).filter(name => settings[name]?.type === 'secret')
  return secrets.map(name => {
    return { path: `/${name}`, message: 'is a secret: it is given to devices, one by one' }
  })
}

async function refuseUnknownTarget(db: Db, { fleet, scope, name }: NewSetting): Promise<void> {
  switch (scope) {
    case 'fleet':
      if (name !== fleet) throw unknown('fleet/unknown', `fleet ${name}`, { fleet: name })
      return
    case 'group':
      return refuseUnknownGroup(db, fleet, name)
    case 'device':
      await deviceIn(db, fleet, name)
  }
}

export async function refuseUnknownGroup(db: Db, fleet: string, name: string): Promise<void> {
  if ((await groupsOf(db, fleet)).some(group => group.name === name)) return
  throw unknown('group/unknown', `group ${name} in fleet ${fleet}`, { group: name })
}
