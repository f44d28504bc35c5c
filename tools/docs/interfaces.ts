import { type Effect, effectOf, type Interface, interfaces } from '@steadfleet/confine'
import { page, table } from './page.ts'

/** What confinement can open, as a publisher requests it and an owner grants it. */
export function makeInterfaces(): string {
  return page(
    'Interfaces',
    'the table in packages/confine/src/interfaces',
    introduction,
    table(
      [
        'interface',
        'title',
        'opens',
        'risk',
        'what an app that was taken over does with it',
        'granted',
      ],
      rows.map(([name, { title, opens, risk, danger, granted }]) => [
        `\`${name}\``,
        title,
        opens,
        risk,
        danger,
        granted,
      ]),
    ),
    '## What each one gives',
    gifts,
    table(
      ['interface', 'members', 'nodes, files and sockets', 'system calls and rights', 'tested'],
      rows.map(([name, row]) => {
        const effect = effectOf({ interface: name, ...samples[name] })
        const shown = row.tested === 'here' ? 'here' : 'with stand-ins for the hardware'
        return [`\`${name}\``, membersOf(row), thingsOf(effect), rightsOf(effect), shown]
      }),
    ),
  )
}

const rows: readonly (readonly [string, Interface])[] = Object.entries(interfaces)

const introduction = [
  'An interface opens only if the manifest requests it, the owner grants it, and the ceiling that',
  'the owner root signed allows it. Everything that is not listed here stays shut.',
  '',
  '*By default*: whoever takes the package in takes this with it, unless the owner says no. *By the owner*: it',
  'waits for a yes. *Never automatically*: no rule grants it, only the owner, to this package, by name. A grant',
  'that is taken back costs the app a restart, at once: what an app has open stays open whatever becomes of its',
  'name. Devices that are plugged in or pulled out meanwhile come and go without one.',
].join('\n')

const gifts = [
  'Members in brackets may be left out. A node is given by making one of the same number for the app’s own uid in a',
  'folder that is its `/dev`: the device’s nodes and their groups stay as they are, and only character devices are',
  'given, never disks. What the MUD file of a package says comes from the first four rows alone. Each row is shown by a',
  'test: granted it works, not granted it fails, revoked it is gone (`packages/agent/src/apps/interfaces.test.ts`, for',
  '`dbus` `packages/agent/src/apps/opened/bus-proxy.test.ts`). Where the machine of the tests has no such hardware,',
  'harmless nodes stood at the real paths: the way through the sandbox is shown, the driver behind it is not.',
].join('\n')

/** What a request must say of itself, where it must say something. */
const samples: Readonly<Record<string, object>> = {
  usb: { devices: [{ vendor: '0403' }] },
  display: { protocol: 'wayland' },
  dbus: { talks: ['org.bluez'] },
  content: { offers: [{ name: 'photos', with: ['acme/viewer'] }] },
  service: { provides: ['api'] },
  dns: { names: ['pool.ntp.org'] },
  'network-lan': { discovery: ['mdns'] },
}

function membersOf({ members }: Interface): string {
  const names = Object.keys(members.properties)
  const required: readonly string[] = members.required ?? []
  return names.map(name => (required.includes(name) ? `\`${name}\`` : `[\`${name}\`]`)).join(' ')
}

function thingsOf({ devices = [], files = [], sockets = [], bus, exchange, asks }: Effect): string {
  return [
    ...devices.map(({ path, access }) => `\`${path}\`${access ? ' (read)' : ''}`),
    ...files.map(({ path, at, access }) => `\`${path}\` (${access}${at ? ` at \`${at}\`` : ''})`),
    ...sockets.map(({ patterns, at }) => `\`${patterns.join('`, `')}\` at \`${at}\``),
    ...(bus ? ['the system bus at `/run/steadfleet/bus`, through xdg-dbus-proxy'] : []),
    ...(exchange ? [`\`/run/steadfleet/${exchange.offers[0]?.kind}/PUBLISHER/NAME/…\``] : []),
    ...(asks ? [`\`/run/steadfleet/${asks}\` (write: \`restart\` or \`power-off\`)`] : []),
  ].join(' ')
}

function rightsOf(effect: Effect): string {
  const { families = [], syscalls = [], capabilities = [], realTimePercent, hugePages } = effect
  return [
    ...(effect.network ? ['a network of its own behind the firewall'] : []),
    ...(effect.hostNetwork ? ['the device’s own network'] : []),
    ...(families.length > 0 ? [`sockets: ${families.join(' ')}`] : []),
    ...(syscalls.length > 0 ? [`calls: ${syscalls.map(name => `\`${name}\``).join(' ')}`] : []),
    ...capabilities.map(name => `CAP_${name.toUpperCase()}`),
    ...(realTimePercent ? [`${realTimePercent} % of each second in real time`] : []),
    ...(hugePages ? ['huge pages'] : []),
  ].join('; ')
}
