import { parseStrictJson, toCanonical, toUtf8 } from '@steadfleet/base'
import {
  encodeFloorCell,
  type MetadataType,
  matchesPattern,
  modelStatement,
  openEnvelope,
  order,
  ownerRoot,
  parseEnvelopeBytes,
  parseMetadata,
  readFloorCells,
  refuseUnsigned,
  toSigningRole,
  trustPolicy,
} from '@steadfleet/trust'
import fc from 'fast-check'
import { documentsIn, filesOf } from '../seeds.ts'
import { type FuzzTarget, holds } from '../target.ts'

const codes = ['trust/']
const types: readonly MetadataType[] = ['root', 'timestamp', 'snapshot', 'targets']
const pem = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEBKrsc2NXJvIT+4qeZNo7hjLkFJWp
RNAEW1IuunJA+tWH2TFXmKqjpboBd1eHztBeqve04J/IHW0apUboNl1SXQ==
-----END PUBLIC KEY-----
`

/** The readers of `trust`, each behind no signature, so that an input reaches all of it. */
export const trustTargets: readonly FuzzTarget[] = [
  ...types.map(
    (type): FuzzTarget => ({
      name: `trust-${type}`,
      format: 'catalogue',
      codes,
      seeds: () => documentsIn('catalogue/**/*.json', text => text.includes(`"_type":"${type}"`)),
      read: bytes => {
        const metadata = parseMetadata(type, bytes)
        const again = parseMetadata(type, toCanonical(JSON.parse(Buffer.from(bytes).toString())))
        holds(
          Buffer.compare(again.message, metadata.message) === 0,
          'white space changes nothing that is signed',
        )
      },
    }),
  ),
  {
    name: 'trust-keys',
    format: 'catalogue',
    codes: [...codes, 'json/', 'bytes/'],
    seeds: () => [
      ...documentsIn('catalogue/base.json', text => text.includes('"_type":"root"')),
      toUtf8(
        rootWith({ keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } }),
      ),
      toUtf8(rootWith({ keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: pem } })),
    ],
    read: bytes => {
      const metadata = parseMetadata('root', bytes)
      const { keys, roles } = metadata.signed
      refuseUnsigned('root', metadata, toSigningRole(keys, roles.root))
    },
  },
  {
    name: 'trust-envelope',
    format: 'statements',
    codes,
    seeds: () => documentsIn('statements/**/*.json', text => text.includes('"payloadType"')),
    read: bytes => {
      const envelope = parseEnvelopeBytes(bytes)
      openEnvelope(envelope, envelope.payloadType, { keys: [], threshold: 1 })
    },
  },
  ...(
    [
      ['owner-root', ownerRoot],
      ['policy', trustPolicy],
      ['order', order],
      ['model', modelStatement],
    ] as const
  ).map(
    ([name, shape]): FuzzTarget => ({
      name: `trust-${name}`,
      format: 'statements',
      codes: [...codes, 'json/', 'bytes/'],
      seeds: () => payloadsOf(name),
      read: bytes => shape(parseStrictJson(bytes), name),
    }),
  ),
  {
    name: 'trust-floor-cell',
    format: 'statements',
    codes,
    seeds: () => [
      encodeFloorCell({ generation: 7, floors: new Map([['order', 3]]) }),
      ...filesOf('statements/floor-cells/*.json'),
    ],
    read: bytes => {
      const { generation, floors } = readFloorCells(bytes, undefined)
      readFloorCells(encodeFloorCell({ generation, floors }), bytes)
    },
  },
  {
    name: 'trust-pattern',
    format: 'catalogue',
    codes,
    seeds: () => [toUtf8('acme/*/*/*\nacme/greenhouse/3/amd64'), toUtf8('a*b?c\naXXbYc')],
    near: fc.stringMatching(/^[ab*?/]{0,40}\n[ab/]{0,40}$/),
    read: bytes => {
      const [pattern = '', path = ''] = Buffer.from(bytes).toString().split('\n')
      holds(
        matchesPattern(pattern, path) === byRegularExpression(pattern, path),
        'as a shell has it',
      )
    },
  },
]

/** The same in the words of a regular expression, where that is short enough not to run away. */
function byRegularExpression(pattern: string, path: string): boolean {
  if (pattern.length > 60 || path.length > 60) return matchesPattern(pattern, path)
  const source = pattern
    .replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
    .replace(/(\\\*)+/g, '[^/]*')
    .replace(/\\\?/g, '[^/]')
  return new RegExp(`^${source}$`, 's').test(path)
}

function rootWith(key: object): string {
  const role = { keyids: ['a'.repeat(64)], threshold: 1 }
  const roles = { root: role, timestamp: role, snapshot: role, targets: role }
  const head = {
    _type: 'root',
    spec_version: '1.0.31',
    version: 1,
    expires: '2027-01-01T00:00:00Z',
  }
  const signed = { ...head, consistent_snapshot: true, keys: { ['a'.repeat(64)]: key }, roles }
  return JSON.stringify({ signed, signatures: [{ keyid: 'a'.repeat(64), sig: 'ab'.repeat(64) }] })
}

/** The payloads of the frozen envelopes of a kind; of models, which stand in none, the text itself. */
function payloadsOf(kind: string): Uint8Array[] {
  return documentsIn(`statements/${kind}/*.json`, text => text.startsWith('{')).map(bytes => {
    const payload = /"payload":"([A-Za-z0-9+/=]*)"/.exec(Buffer.from(bytes).toString())?.[1]
    return payload === undefined ? bytes : new Uint8Array(Buffer.from(payload, 'base64'))
  })
}
