import type { SettingScope, SettingValue, SettingValues } from '@steadfleet/domain'
import { listSettings, setSettings } from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { findDevice, packageParams } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
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
      Object.entries(values).map(([key, value]) => [of, scope, name, key, JSON.stringify(value)]),
    )
    call.output.answer(settings, () =>
      toTable(['package', 'scope', 'of', 'setting', 'value'], rows, 'no value was set yet'),
    )
  },
}

/** `steadfleet settings set PACKAGE NAME=VALUE…` */
export const settingsSet: CommandSpec = {
  name: 'settings set',
  takes: [
    { name: '<package>', what: 'as PUBLISHER/NAME' },
    { name: '<values...>', what: 'as NAME=VALUE; true, false and whole numbers are read as such' },
  ],
  summary: 'Set values of a package for the fleet, a group or a device, and order the change.',
  options: [
    { flags: '--device <device>', what: 'for this device alone' },
    { flags: '--group <group>', what: 'for the devices of this group' },
    { flags: '--text', what: 'take every value as text' },
  ],
  examples: [
    'settings set acme/greenhouse interval-seconds=10',
    'settings set acme/greenhouse port=8081 --device greenhouse-1',
    'settings set acme/greenhouse greeting=2026 --text --json',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const [named = '', ...pairs] = call.arguments
    const { scope, target } = await scopeOf(fleet, call)
    const params = { fleet: fleet.home.fleet, ...packageParams(named), scope, target }
    const values = toValues(pairs, call.options.text === true)
    const set = await fleet.client.call(setSettings, { params, body: { values } })
    call.output.answer(
      set,
      () => `${argument(call, 0)} for ${scope} ${target}: ordered on ${set.ordered} devices`,
    )
  },
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
