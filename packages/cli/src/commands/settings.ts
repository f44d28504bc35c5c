import {
  type FleetName,
  isSealed,
  type SettingScope,
  type SettingValue,
  type SettingValues,
} from '@steadfleet/domain'
import {
  listSettingChanges,
  listSettings,
  previewSettings,
  type ReplyOf,
  revertSettings,
  setSettings,
  toSettingText,
} from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { findDevice, packageParams, wholeNumber } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { phaseOptions, phasesOf } from '../fleet/rollout-phases.ts'
import { toTable } from '../output.ts'

/** `steadfleet settings list` */
export const settingsList: CommandSpec = {
  name: 'settings list',
  summary: 'Show every value that was set, by package and scope.',
  examples: ['settings list', 'settings list --json'],
  async run(call) {
    const { home, client } = await openFleet(call)
    const settings = await client.call(listSettings, { params: { fleet: home.fleet } })
    const rows = settings.flatMap(({ package: of, scope, name, values }) =>
      Object.entries(values).map(([key, value]) => [of, scope, name, key, toText(value)]),
    )
    call.output.answer(settings, () =>
      toTable(['package', 'scope', 'of', 'setting', 'value'], rows, 'no value was set yet'),
    )
  },
}

const scopeOptions = [
  { flags: '--device <device>', what: 'for this device alone, at once' },
  { flags: '--group <group>', what: 'for the devices of this group' },
]
const textFlag = { flags: '--text', what: 'take every value as text' }
const packageName = { name: '<package>', what: 'as PUBLISHER/NAME' }
const values = {
  name: '<values...>',
  what: 'as NAME=VALUE; true, false and whole numbers are read as such',
}

/** `steadfleet settings set PACKAGE NAME=VALUE…` */
export const settingsSet: CommandSpec = {
  name: 'settings set',
  takes: [packageName, values],
  summary:
    'Set values of a package for the fleet or a group, by a rollout, or for one device; what else is set there stays.',
  options: [...scopeOptions, ...phaseOptions, textFlag],
  examples: [
    'settings set acme/greenhouse interval-seconds=10',
    'settings set acme/greenhouse port=8081 --device greenhouse-1',
    'settings set acme/greenhouse interval-seconds=10 --phase 1 --phase 100%',
    'settings set acme/greenhouse greeting=2026 --text --json',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const { params, held } = await placeOf(fleet, call)
    await put(fleet, call, params, { ...held, ...typedValues(call) })
  },
}

/** `steadfleet settings unset PACKAGE NAME…` */
export const settingsUnset: CommandSpec = {
  name: 'settings unset',
  takes: [packageName, { name: '<names...>', what: 'settings that are set no more' }],
  summary: 'Give settings of a package no value any more for the fleet, a group or a device.',
  options: [...scopeOptions, ...phaseOptions],
  examples: [
    'settings unset acme/greenhouse interval-seconds',
    'settings unset acme/greenhouse port --device greenhouse-1',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const { params, held } = await placeOf(fleet, call)
    const gone = call.arguments.slice(1)
    const left = Object.entries(held).filter(([name]) => !gone.includes(name))
    await put(fleet, call, params, Object.fromEntries(left))
  },
}

/** `steadfleet settings preview PACKAGE NAME=VALUE…` */
export const settingsPreview: CommandSpec = {
  name: 'settings preview',
  takes: [packageName, values],
  summary: 'Show which devices’ apps would see other values, and which, before they are set.',
  options: [...scopeOptions, textFlag],
  examples: [
    'settings preview acme/greenhouse interval-seconds=10',
    'settings preview acme/greenhouse port=8081 --group cellar --json',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const { params, held } = await placeOf(fleet, call)
    const body = { values: { ...held, ...typedValues(call) } }
    const preview = await fleet.client.call(previewSettings, { params, body })
    const rows = preview.first.flatMap(({ name, before, after }) =>
      Object.keys(after)
        .filter(key => before[key] !== after[key])
        .map(key => [name, key, toText(before[key]), toText(after[key])]),
    )
    const more = preview.devices - preview.first.length
    call.output.answer(preview, () =>
      [
        toTable(['device', 'setting', 'before', 'after'], rows, 'no device would see a change'),
        ...(more > 0 ? [`and ${more} devices more`] : []),
      ].join('\n'),
    )
  },
}

/** `steadfleet settings history` */
export const settingsHistory: CommandSpec = {
  name: 'settings history',
  summary: 'Show who changed which settings, when, from what to what, newest first.',
  options: [{ flags: '--package <package>', what: 'of this package alone' }],
  examples: ['settings history', 'settings history --package acme/greenhouse --json'],
  async run(call) {
    const { home, client } = await openFleet(call)
    const named = textOption(call, 'package')
    const changes = await client.call(listSettingChanges, {
      params: { fleet: home.fleet },
      query: { limit: 100, ...(named !== undefined && { package: named }) },
    })
    const rows = changes.map(({ id, at, by, package: of, scope, name, ...change }) => [
      ...[String(id), at, by, of, scope, name],
      ...[allText(change.before), allText(change.after)],
      ...[change.rollout === undefined ? '' : String(change.rollout)],
    ])
    call.output.answer(changes, () =>
      toTable(
        ['change', 'at', 'by', 'package', 'scope', 'of', 'before', 'after', 'rollout'],
        rows,
        'no value was set yet',
      ),
    )
  },
}

/** `steadfleet settings revert CHANGE` */
export const settingsRevert: CommandSpec = {
  name: 'settings revert',
  takes: [{ name: '<change>', what: 'its number, as settings history shows it' }],
  summary: 'Give a scope the values again that it had before a change; it rolls out as any other.',
  options: phaseOptions,
  examples: ['settings revert 7', 'settings revert 7 --at-once --json'],
  async run(call) {
    const { home, client } = await openFleet(call)
    const change = wholeNumber(argument(call, 0), 'a change of settings')
    const params = { fleet: home.fleet, change }
    const done = await client.call(revertSettings, { params, body: phasesOf(call) })
    call.output.answer(done, () => `change ${change} is undone: ${orderedText(done)}`)
  },
}

interface PlaceParams {
  readonly fleet: FleetName
  readonly publisher: string
  readonly name: string
  readonly scope: SettingScope
  readonly target: string
}

/** Where values are to be set, and what is set there now. */
async function placeOf(
  fleet: Fleet,
  call: Call,
): Promise<{ readonly params: PlaceParams; readonly held: SettingValues }> {
  const named = argument(call, 0)
  const { scope, target } = await scopeOf(fleet, call)
  const params = { fleet: fleet.home.fleet, ...packageParams(named), scope, target }
  const given = await fleet.client.call(listSettings, { params: { fleet: fleet.home.fleet } })
  const here = given.find(
    one => one.package === named && one.scope === scope && one.name === target,
  )
  return { params, held: here?.values ?? {} }
}

async function put(
  fleet: Fleet,
  call: Call,
  params: PlaceParams,
  values: SettingValues,
): Promise<void> {
  const body = { values, ...phasesOf(call) }
  const set = await fleet.client.call(setSettings, { params, body })
  const { scope, target } = params
  call.output.answer(set, () => `${argument(call, 0)} for ${scope} ${target}: ${orderedText(set)}`)
}

function orderedText({ ordered, rollout, change }: ReplyOf<typeof revertSettings>): string {
  const by = rollout === undefined ? '' : `, rollout ${rollout} moves the rest`
  return `ordered on ${ordered} devices as change ${change}${by}`
}

function typedValues(call: Call): SettingValues {
  return toValues(call.arguments.slice(1), call.options.text === true)
}

/** Text in quotation marks, as what is typed with `--text` is; of a secret only that it is one. */
function toText(value: SettingValue | undefined): string {
  return isSealed(value) ? toSettingText(String(value)) : JSON.stringify(value ?? '')
}

function allText(values: SettingValues): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${toText(value)}`)
  return pairs.length === 0 ? '-' : pairs.join(' ')
}

async function scopeOf(fleet: Fleet, call: Call): Promise<{ scope: SettingScope; target: string }> {
  const [device, group] = [textOption(call, 'device'), textOption(call, 'group')]
  if (device !== undefined && group !== undefined) {
    throw new CliError('cli/usage', 'cannot set for a device and a group at once')
  }
  if (device !== undefined) return { scope: 'device', target: (await findDevice(fleet, device)).id }
  if (group !== undefined) return { scope: 'group', target: group }
  return { scope: 'fleet', target: fleet.home.fleet }
}

/** `port=8081 greeting=hello` as values. */
export function toValues(pairs: readonly string[], asText: boolean): SettingValues {
  return Object.fromEntries(
    pairs.map(pair => {
      const at = pair.indexOf('=')
      if (at > 0) return [pair.slice(0, at), toValue(pair.slice(at + 1), asText)]
      throw new CliError('cli/usage', `cannot read ${JSON.stringify(pair)}: not NAME=VALUE`)
    }),
  )
}

function toValue(text: string, asText: boolean): SettingValue {
  if (asText) return text
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d{1,15}$/.test(text) ? Number(text) : text
}
