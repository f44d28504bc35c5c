import { object, oneOf, parserOf, record, SchemaError } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'
import { parseDocument } from 'yaml'
import { GatewayError } from './error.ts'

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
const address = Type.String({
  pattern: `^((${octet}\\.){3}${octet}|(?=.*:)[0-9A-Fa-f:]{2,39})$`,
  description: 'an address',
})
const network = Type.String({
  pattern: `^((${octet}\\.){3}${octet}/(3[0-2]|[12]?[0-9])|(?=.*:)[0-9A-Fa-f:]{2,39}/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))$`,
  description: 'a network, as 192.168.1.0/24',
})
const card = Type.String({
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$',
  description: 'the name of a network card',
})
const addresses = (most: number) => Type.Array(address, { maxItems: most })
/** Whom `my-controller` or a class means: the class is a URI, as files name it. */
const controllers = Type.Optional(
  record(
    Type.String({ pattern: '^(my-controller|[a-z][a-z0-9+.-]*:[\\x21-\\x7e]{1,500})$' }),
    addresses(64),
  ),
)
const endpoint = Type.String({
  pattern: `^((${octet}\\.){3}${octet}|\\[[0-9A-Fa-f:]{2,39}\\]):[0-9]{1,5}$`,
  description: 'an address and a port, as 192.168.1.1:53 or [fd00::1]:53',
})
const path = Type.String({ minLength: 1, maxLength: 4096, pattern: '^[^\\x00-\\x1f]+$' })

const device = object({
  mac: Type.String({ pattern: '^([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}$', description: 'a MAC' }),
  name: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$' })),
  mud: path,
  signature: Type.Optional(path),
  addresses: Type.Optional(addresses(16)),
  port: Type.Optional(card),
  controllers,
})

const schema = object({
  lan: card,
  networks: Type.Optional(Type.Array(network, { minItems: 1, maxItems: 64 })),
  others: Type.Optional(oneOf('pass', 'drop')),
  'dhcp-servers': Type.Optional(addresses(8)),
  controllers,
  resolver: object({
    upstream: Type.Array(endpoint, { minItems: 1, maxItems: 8 }),
    listen: Type.Optional(Type.Array(endpoint, { minItems: 1, maxItems: 8 })),
    'grace-seconds': Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
  }),
  signers: Type.Optional(path),
  'unsigned-files': Type.Optional(oneOf('take', 'refuse')),
  authorities: Type.Optional(path),
  quarantine: Type.Optional(
    object({
      denied: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
      seconds: Type.Integer({ minimum: 1, maximum: 3600 }),
    }),
  ),
  devices: Type.Array(device, { maxItems: 2000 }),
})

/** A gateway’s configuration, as its administrator wrote it. docs/formats/gateway.md */
export type GatewayConfig = Static<typeof schema>
export type ConfiguredDevice = GatewayConfig['devices'][number]

const parse = parserOf('gateway configuration', schema)
/** Two thousand devices with every member are a tenth of it. */
const mostBytes = 4 * 1024 * 1024

/** Reads YAML or JSON; error: `gateway/config`, with all its faults. */
export function parseConfig(text: string): GatewayConfig {
  if (text.length > mostBytes) throw wrong([`it has ${text.length} characters`])
  const document = parseDocument(text, { uniqueKeys: true, version: '1.2', logLevel: 'silent' })
  if (document.errors.length > 0) {
    throw wrong(document.errors.map(({ message }) => message.split('\n')[0] ?? ''))
  }
  try {
    const config = parse(document.toJS({ maxAliasCount: 100 }))
    const lower = config.devices.map(one => ({ ...one, mac: one.mac.toLowerCase() }))
    refuseTwice(lower)
    return { ...config, devices: lower }
  } catch (error) {
    if (error instanceof SchemaError) {
      throw wrong(error.faults.map(({ path: at, message }) => `${at || '/'}: ${message}`))
    }
    if (error instanceof ReferenceError) throw wrong([error.message])
    throw error
  }
}

function refuseTwice(devices: readonly ConfiguredDevice[]): void {
  for (const member of ['mac', 'name', 'port'] as const) {
    const said = devices.flatMap(one => one[member] ?? [])
    const twice = said.find((one, i) => said.indexOf(one) !== i)
    if (twice !== undefined) throw wrong([`/devices: ${member} ${twice} stands twice`])
  }
}

function wrong(faults: readonly string[]): GatewayError {
  const message = `cannot read gateway configuration: ${faults.slice(0, 5).join('; ')}`
  return new GatewayError('gateway/config', message, { faults })
}

/** What people call a device. */
export function nameOf({ name, mac }: Pick<ConfiguredDevice, 'name' | 'mac'>): string {
  return name ?? mac
}
