import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { isSealed, type SettingValues } from '@steadfleet/domain'
import {
  type DeviceView,
  getSealingKey,
  listSettings,
  longestSecret,
  sealingKeyIn,
  sealSecret,
  setSettings,
  versionOfSealed,
} from '@steadfleet/protocol'
import { argument, type Call, type CommandSpec, listOption, textOption } from '../command.ts'
import { CliError } from '../error.ts'
import { everyDevice } from '../fleet/device-sets.ts'
import { findDevice, packageParams } from '../fleet/find.ts'
import { type Fleet, openFleet } from '../fleet/open.ts'
import { toTable } from '../output.ts'

const takes = [
  { name: '<package>', what: 'as PUBLISHER/NAME' },
  { name: '<secret>', what: 'a setting that its manifest declares as a secret' },
]
const whom = [
  { flags: '--device <device>', what: 'on this device; may be given several times', repeats: true },
  { flags: '--group <group>', what: 'on the devices of this group; without either on all' },
]

/** `steadfleet secrets set PACKAGE SECRET` */
export const secretsSet: CommandSpec = {
  name: 'secrets set',
  takes,
  summary:
    'Seal a secret to each device, here, and order it; it is read from standard input or a file.',
  options: [...whom, { flags: '--from <file>', what: 'read it from this file' }],
  examples: [
    'secrets set acme/greenhouse api-token --device greenhouse-1 --from token.txt',
    'secrets set acme/greenhouse api-token < token.txt',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const secret = await readSecret(call)
    const devices = await chosenDevices(fleet, call)
    const held = await heldValues(fleet, argument(call, 0))
    for (const device of devices) {
      const sealed = await sealFor(fleet, call, device, secret)
      await order(fleet, call, device, { ...held(device), [argument(call, 1)]: sealed })
    }
    answer(call, devices, 'sealed to')
  },
}

/** `steadfleet secrets remove PACKAGE SECRET` */
export const secretsRemove: CommandSpec = {
  name: 'secrets remove',
  takes,
  summary: 'Take a secret from devices: their apps see an empty text in its place.',
  options: whom,
  examples: [
    'secrets remove acme/greenhouse api-token --device greenhouse-1',
    'secrets remove acme/greenhouse api-token --group cellar --json',
  ],
  async run(call) {
    const fleet = await openFleet(call)
    const [named, secret] = [argument(call, 0), argument(call, 1)]
    const held = await heldValues(fleet, named)
    const devices = (await chosenDevices(fleet, call)).filter(device =>
      isSealed(held(device)[secret]),
    )
    for (const device of devices) {
      const left = Object.entries(held(device)).filter(([name]) => name !== secret)
      await order(fleet, call, device, Object.fromEntries(left))
    }
    answer(call, devices, 'taken from')
  },
}

/** `steadfleet secrets list` */
export const secretsList: CommandSpec = {
  name: 'secrets list',
  summary: 'Show which device has which secret, and since when; nobody but the device can read it.',
  examples: ['secrets list', 'secrets list --json'],
  async run(call) {
    const fleet = await openFleet(call)
    const { home, client } = fleet
    const params = { fleet: home.fleet }
    const devices = await everyDevice(fleet)
    const names = new Map(devices.map(({ id, name }) => [`${id}`, name]))
    const secrets = (await client.call(listSettings, { params })).flatMap(setting =>
      Object.entries(setting.values)
        .filter(([, value]) => isSealed(value))
        .map(([secret, value]) => {
          const sealedAt = new Date(versionOfSealed(String(value))).toISOString()
          const device = names.get(setting.name) ?? setting.name
          return { device, package: setting.package, secret, sealedAt }
        }),
    )
    call.output.answer(secrets, () =>
      toTable(
        ['device', 'package', 'secret', 'sealed'],
        secrets.map(one => [one.device, one.package, one.secret, one.sealedAt]),
        'no device has a secret',
      ),
    )
  },
}

/** Never an argument: those are seen by everybody on the machine. One line break at the end is the editor's. */
async function readSecret(call: Call): Promise<string> {
  const file = textOption(call, 'from')
  const read =
    file === undefined
      ? await typedOrPiped(call)
      : await readFile(resolve(call.world.directory, file), 'utf8')
  const secret = read.replace(/\r?\n$/, '')
  const bytes = Buffer.byteLength(secret)
  if (bytes > 0 && bytes <= longestSecret) return secret
  const message = `cannot seal ${bytes} bytes: a secret has 1 to ${longestSecret}`
  throw new CliError('cli/usage', message)
}

async function typedOrPiped(call: Call): Promise<string> {
  if (!process.stdin.isTTY) return readAll(process.stdin)
  return (await call.world.ask?.(`${argument(call, 1)}: `)) ?? ''
}

async function chosenDevices(fleet: Fleet, call: Call): Promise<readonly DeviceView[]> {
  const [named, group] = [listOption(call, 'device'), textOption(call, 'group')]
  if (named.length > 0 && group !== undefined) {
    throw new CliError('cli/usage', 'cannot choose devices and a group at once')
  }
  if (named.length > 0) return Promise.all(named.map(name => findDevice(fleet, name)))
  return everyDevice(
    fleet,
    group === undefined ? {} : { query: `${JSON.stringify(group)} in groups` },
  )
}

/** What each device has of its own: it stays beside the secret. */
async function heldValues(
  { client, home }: Fleet,
  named: string,
): Promise<(device: DeviceView) => SettingValues> {
  const given = await client.call(listSettings, { params: { fleet: home.fleet } })
  const own = given.filter(one => one.package === named && one.scope === 'device')
  const byDevice = new Map(own.map(({ name, values }) => [name, values]))
  return device => byDevice.get(device.id) ?? {}
}

/** The key is believed for the device's own signature, whatever the server says. docs/decisions/0060 */
async function sealFor(
  { client }: Fleet,
  call: Call,
  device: DeviceView,
  secret: string,
): Promise<string> {
  const said = await client.call(getSealingKey, { params: { device: device.id } })
  const found = await sealingKeyIn(device.id, said)
  if ('fault' in found) {
    const message = `cannot seal to ${device.name}: of the key that the server names, ${found.fault}`
    throw new CliError('cli/no-sealing-key', message, { device: device.id })
  }
  const version = call.world.now().getTime()
  const place = {
    device: device.id,
    package: argument(call, 0),
    setting: argument(call, 1),
    version,
  }
  return sealSecret(place, found.key, call.world.random(32), secret)
}

async function order(
  { client, home }: Fleet,
  call: Call,
  device: DeviceView,
  values: SettingValues,
): Promise<void> {
  const params = {
    ...packageParams(argument(call, 0)),
    scope: 'device',
    target: device.id,
  } as const
  await client.call(setSettings, { params: { fleet: home.fleet, ...params }, body: { values } })
}

function answer(call: Call, devices: readonly DeviceView[], done: string): void {
  const names = devices.map(({ name }) => name)
  const what = `${argument(call, 1)} of ${argument(call, 0)}`
  const whose = names.length > 5 ? `${names.length} devices` : names.join(', ') || 'no device'
  call.output.answer({ devices: devices.map(({ id }) => id) }, () => `${what}: ${done} ${whose}`)
}
