import { constants, createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toCanonical } from '@steadfleet/base'
import { keyIdOf, type PublicKey } from '@steadfleet/trust'

/** One who signs: a key as TUF writes it, and the signature it makes. */
export interface Party {
  readonly keyid: string
  readonly key: PublicKey
  readonly sign: (bytes: Uint8Array) => string
}

/** A TUF document before it is signed, free to be bent by a test. */
export interface Document {
  _type: string
  spec_version: string
  version: number
  expires: string
  consistent_snapshot?: boolean
  keys?: Record<string, PublicKey>
  roles?: Record<string, { keyids: string[]; threshold: number }>
  meta?: Record<string, { version: number; length?: number; hashes?: Record<string, string> }>
  targets?: Record<string, { length: number; hashes: Record<string, string> }>
  delegations?: {
    keys: Record<string, PublicKey>
    roles?: DelegatedRole[]
    succinct_roles?: Omit<DelegatedRole, 'name' | 'terminating'> & {
      bit_length: number
      name_prefix: string
    }
  }
}

export interface DelegatedRole {
  name: string
  keyids: string[]
  threshold: number
  terminating: boolean
  paths?: string[]
  path_hash_prefixes?: string[]
}

/** A file of metadata, as a test may bend it after it was signed. */
export interface Sealed {
  signed: Document
  signatures: { keyid: string; sig: string }[]
}

export const topRoles = ['root', 'timestamp', 'snapshot', 'targets'] as const

const kinds = {
  'ecdsa ecdsa-sha2-nistp256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'ecdsa-sha2-nistp256 ecdsa-sha2-nistp256': () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'rsa rsassa-pss-sha256': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'rsa rsa-pkcs1v15-sha256': () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'ed25519 ed25519': () => generateKeyPairSync('ed25519'),
}
export type Kind = keyof typeof kinds
export const allKinds = Object.keys(kinds) as Kind[]

/** A new key of a kind; `extra` members stand in the key object and count towards its id. */
export function newParty(kind: Kind = 'ecdsa ecdsa-sha2-nistp256', extra: object = {}): Party {
  const { publicKey, privateKey } = kinds[kind]()
  const [keytype = '', scheme = ''] = kind.split(' ')
  const key: PublicKey = { keytype, scheme, keyval: { public: spell(publicKey) }, ...extra }
  return { keyid: keyIdOf(key), key, sign: bytes => signWith(scheme, privateKey, bytes) }
}

function spell(key: KeyObject): string {
  if (key.asymmetricKeyType !== 'ed25519')
    return String(key.export({ format: 'pem', type: 'spki' }))
  return key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex')
}

function signWith(scheme: string, key: KeyObject, bytes: Uint8Array): string {
  if (scheme === 'ed25519') return sign(null, bytes, key).toString('hex')
  if (scheme !== 'rsassa-pss-sha256') return sign('sha256', bytes, key).toString('hex')
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return sign('sha256', bytes, pss).toString('hex')
}

/** `days` from the present, as TUF spells a moment. */
export function inDays(days: number): string {
  return `${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 19)}Z`
}

/**
 * A repository that a test changes and publishes from, step by step. Documents may be bent before
 * they are signed and files after; what the client asked for is in `requests`.
 */
export class Repository {
  readonly documents = new Map<string, Document>()
  readonly signers = new Map<string, Party[]>()
  /** Every version of every role, in the order published: `N.role.json` is the Nth. */
  readonly published = new Map<string, Uint8Array[]>()
  readonly artifacts = new Map<string, Uint8Array>()
  requests: string[] = []
  downloads: string[] = []
  /** Whether timestamp and snapshot name length and digest of what they name. */
  isHashing = false

  constructor() {
    for (const role of topRoles) this.documents.set(role, newDocument(role))
    const root = this.document('root')
    root.consistent_snapshot = true
    root.keys = {}
    root.roles = Object.fromEntries(topRoles.map(role => [role, { keyids: [], threshold: 1 }]))
    this.document('timestamp').meta = { 'snapshot.json': { version: 1 } }
    this.document('snapshot').meta = {}
    this.document('targets').targets = {}
    for (const role of topRoles) this.addKey(role)
    this.publish('targets', 'snapshot', 'timestamp', 'root')
  }

  document(role: string): Document {
    const found = this.documents.get(role)
    if (found === undefined) throw new RangeError(`no role ${role}`)
    return found
  }

  /** Gives a top-level role one more key, and has it signed with. */
  addKey(role: string, party: Party = newParty()): Party {
    const { keys = {}, roles = {} } = this.document('root')
    keys[party.keyid] = party.key
    roles[role]?.keyids.push(party.keyid)
    this.signers.set(role, [...(this.signers.get(role) ?? []), party])
    return party
  }

  /** Takes all keys from a top-level role and gives it these instead. */
  setKeys(role: string, keys: readonly Party[], threshold = 1, signers = keys): void {
    const { roles = {} } = this.document('root')
    roles[role] = { keyids: [], threshold }
    for (const party of keys) this.addKey(role, party)
    this.signers.set(role, [...signers])
  }

  /** Signs the next version of each, and names it where the next one up does. */
  publish(...roles: readonly string[]): void {
    for (const role of roles) {
      const document = this.document(role)
      const held = this.published.get(role)
      if (held) document.version++
      const bytes = this.seal(role)
      this.published.set(role, [...(held ?? []), bytes])
      this.#name(role, document.version, bytes)
    }
  }

  seal(role: string): Uint8Array {
    const signed = this.document(role)
    const message = toCanonical(JSON.parse(JSON.stringify(signed)))
    const signatures = (this.signers.get(role) ?? []).map(party => ({
      keyid: party.keyid,
      sig: party.sign(message),
    }))
    return toBytes({ signed, signatures })
  }

  /** Forgets the versions of a role, so that the next one published is `version`. */
  restart(role: string, version = 1): void {
    this.published.delete(role)
    this.document(role).version = version
  }

  /** Bends the newest file of a role after it was signed. */
  bend(role: string, change: (file: Sealed) => void): void {
    const files = this.published.get(role) ?? []
    const file = JSON.parse(Buffer.from(files.at(-1) ?? []).toString()) as Sealed
    change(file)
    files[files.length - 1] = toBytes(file)
  }

  /** Adds a delegation, last in order; the role is made where there is none. */
  delegate(from: string, role: Partial<DelegatedRole> & { readonly name: string }): void {
    const delegator = this.document(from)
    const party = newParty('ed25519 ed25519')
    const keyids = [party.keyid]
    delegator.delegations ??= { keys: {}, roles: [] }
    delegator.delegations.keys[party.keyid] = party.key
    delegator.delegations.roles?.push({ keyids, threshold: 1, terminating: false, ...role })
    this.signers.set(role.name, [...(this.signers.get(role.name) ?? []), party])
    if (this.documents.has(role.name)) return
    this.documents.set(role.name, { ...newDocument('targets'), targets: {} })
  }

  addTarget(role: string, path: string, content: string, algorithms = ['sha256']): void {
    const bytes = new Uint8Array(Buffer.from(content))
    const hashes = algorithms.map(name => [name, createHash(name).update(bytes).digest('hex')])
    const { targets = {} } = this.document(role)
    targets[path] = { length: bytes.length, hashes: Object.fromEntries(hashes) }
    this.artifacts.set(path, bytes)
  }

  fileAt(url: string): Uint8Array | undefined {
    const [, folder = '', ...rest] = url.split('/')
    const name = rest.join('/')
    if (folder === 'targets') {
      this.downloads.push(name)
      return this.artifacts.get(this.#pathOf(decodeURIComponent(name)))
    }
    this.requests.push(name)
    const [, version, role = ''] = /^(?:(\d+)\.)?(.+)\.json$/.exec(decodeURIComponent(name)) ?? []
    const files = this.published.get(role) ?? []
    return version === undefined ? files.at(-1) : files[Number(version) - 1]
  }

  /** Under consistent snapshots only the name with one of its digests is served. */
  #pathOf(name: string): string {
    if (!this.document('root').consistent_snapshot) return name
    const slash = name.lastIndexOf('/') + 1
    const dot = name.indexOf('.', slash)
    const path = name.slice(0, slash) + name.slice(dot + 1)
    const digest = name.slice(slash, dot)
    const hashes = [...this.documents.values()].map(({ targets }) => targets?.[path]?.hashes ?? {})
    return hashes.some(one => Object.values(one).includes(digest)) ? path : ''
  }

  #name(role: string, version: number, bytes: Uint8Array): void {
    if (role === 'root' || role === 'timestamp') return
    const above = this.document(role === 'snapshot' ? 'timestamp' : 'snapshot')
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const more = this.isHashing ? { length: bytes.length, hashes: { sha256 } } : {}
    above.meta = { ...above.meta, [`${role}.json`]: { version, ...more } }
  }
}

function newDocument(type: string): Document {
  return { _type: type, spec_version: '1.0.31', version: 1, expires: inDays(30) }
}

function toBytes(file: Sealed): Uint8Array {
  return new Uint8Array(Buffer.from(JSON.stringify(file, undefined, 1)))
}

/** Serves repositories over loopback, each under its number. */
export async function serveRepositories(): Promise<{
  add: (repository: Repository) => string
  close: () => Promise<void>
}> {
  const repositories: Repository[] = []
  const server = createServer((request, response) => {
    const [, number, path = ''] = /^\/(\d+)(\/.*)$/.exec(request.url ?? '') ?? []
    const file = repositories[Number(number)]?.fileAt(path)
    response.writeHead(file ? 200 : 404).end(file)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    add: repository => `http://127.0.0.1:${port}/${repositories.push(repository) - 1}`,
    close: async () => {
      server.close().closeAllConnections()
      await once(server, 'close')
    },
  }
}
