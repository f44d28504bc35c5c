import { createPublicKey, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  addRelease,
  makeDelegatedRole,
  makeFirstFiles,
  makeOrder,
  makeSnapshot,
  makeTimestamp,
  modelTarget,
  type NamedTarget,
  releaseTarget,
  signerFromSeed,
  signMetadata,
  signStatement,
  toEnvelopeBytes,
} from '@steadfleet/authority'
import {
  type Digest,
  digestOf,
  type Json,
  parseDigest,
  toBase64,
  toBase64Url,
  toCanonical,
  toDocument,
  toUtf8,
} from '@steadfleet/base'
import {
  contentsOf,
  makeHeader,
  makeTree,
  parseTree,
  type TreeListing,
  toTreeBytes,
  writeBundle,
} from '@steadfleet/bundle'
import type {
  Behaviour,
  DeviceEvent,
  HealthPoints,
  PackageName,
  ReleaseRecord,
  StateReport,
} from '@steadfleet/domain'
import { readSignature, toEventText, verifySignature } from '@steadfleet/protocol'
import {
  type Envelope,
  type LogChoice,
  logDigest,
  type Order,
  parseEnvelope,
  parseEnvelopeBytes,
  payloadTypes,
  type TrustPolicy,
} from '@steadfleet/trust'

/** Ways in which this server misbehaves, switched on and off by a test. */
export interface Faults {
  /** Answers every request with this status. */
  status?: number
  /** Takes requests and never answers. */
  hang?: boolean
  /** Sends a part of each body over this length, then is silent or cuts the line. */
  stallAfter?: number
  cutAfter?: number
  /** Changes content on its way, by what was asked for. */
  spoil?: (path: string, body: Uint8Array) => Uint8Array
}

/** What a fleet is founded with. */
interface Founding {
  required?: string[]
  development?: boolean
  log?: LogChoice
  /** The package that the owner lets be the agent. */
  agent?: string
  /** What the model has, the ceiling allows and each order grants; `network` without it. */
  interfaces?: string[]
}

/** What a server knows at one moment. */
export interface FleetMoment {
  readonly order: Envelope | null
  readonly counter: number
  readonly held: number
  readonly reports: readonly StateReport[]
  readonly events: readonly DeviceEvent[]
}

export interface Release {
  readonly record: ReleaseRecord
  readonly recordBytes: Uint8Array
  readonly tree: TreeListing
}

/** As the server has it. */
const warmMs = 15_000
const seeds = {
  catalogueRoot: [1, 2, 3].map(seed),
  targets: [4, 5, 6].map(seed),
  owner: [7, 8, 9].map(seed),
  publisher: seed(10),
  snapshot: seed(11),
  timestamp: seed(12),
  director: seed(13),
}

function seed(n: number): Uint8Array {
  return new Uint8Array(32).fill(n)
}

/** A whole fleet of one device in one process: offline keys, online keys, server. */
export class PretendFleet {
  readonly faults: Faults = {}
  readonly objects = new Map<Digest, Uint8Array>()
  readonly catalogue = new Map<string, Uint8Array>()
  /** By the policy's names; `acme` is {@link catalogue}. */
  readonly catalogues = new Map([['acme', this.catalogue]])
  readonly owner = new Map<string, Uint8Array>()
  readonly events: DeviceEvent[] = []
  /** What its device measured, as it was sent. */
  readonly health: HealthPoints = []
  readonly reports: StateReport[] = []
  readonly output: { app: string; lines: string[] }[] = []
  readonly requests: string[] = []
  /** Bytes of bundles and objects that went out. */
  sent = 0
  order: Envelope | null = null
  /** Sends its order even where the device says that it has a newer one. */
  isStubborn = false
  counter = 0
  origin = ''
  readonly secret = `secret-${randomUUID()}`
  model = ''
  /** The log’s answer about a leaf, by its hash, for who holds a tree of this size; none where it has none. */
  prove: (leaf: string, held: number) => Promise<string | undefined> = async () => undefined
  /** How far its clock is ahead of the world's: all that it signs is of that time. */
  aheadMs = 0
  #device = ''
  #devicePublicKey = ''
  #interfaces: string[] = []
  #ids = { owner: '', catalogueRoot: '', ownerRoot: '', log: 'none' }
  #targets = new Map<string, NamedTarget>()
  #version = 1
  /** The number of the newest report: an older one is a replay. */
  #held = 0
  #nonce = toBase64Url(toUtf8(randomUUID()))
  #streams = new Set<ServerResponse>()
  #server = createServer((request, response) => void this.#answer(request, response))
  #listeners = new Set<() => void>()

  #now(): Date {
    return new Date(Date.now() + this.aheadMs)
  }

  static async start(options: Founding = {}): Promise<PretendFleet> {
    const fleet = new PretendFleet()
    fleet.#interfaces = options.interfaces ?? ['network']
    await fleet.#found(options)
    await fleet.listen(0)
    return fleet
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>(resolve => this.#server.listen(port, '127.0.0.1', resolve))
    this.origin ||= `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Comes back at the same address after {@link close}. */
  reopen(): Promise<void> {
    return this.listen(Number(new URL(this.origin).port))
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.destroy()
    this.#server.closeAllConnections()
    if (!this.#server.listening) return
    await new Promise(resolve => this.#server.close(resolve))
  }

  get token(): string {
    const { catalogueRoot, ownerRoot, log } = this.#ids
    const body = { origin: this.origin, secret: this.secret, catalogueRoot, ownerRoot, log }
    return `sf1.${toBase64Url(toCanonical(body))}`
  }

  get deviceId(): string {
    return this.#device
  }

  async #found({
    required = [],
    development = false,
    log = { quorum: 0 },
    agent,
  }: Founding): Promise<void> {
    const model = {
      model: 'acme/box',
      revision: 1,
      summary: 'A box.',
      architectures: ['amd64', 'arm64'] as const,
      slots: ['a'] as const,
      required: required as PackageName[],
      interfaces: this.#interfaces,
      development,
    }
    const ceiling = new Map(this.#interfaces.map(name => [name, ['*']]))
    if (agent) ceiling.set('agent', [agent])
    const first = await makeFirstFiles(
      seeds,
      { publisher: 'acme', model, ceiling, log },
      this.#now(),
    )
    for (const [name, bytes] of first.files) {
      const [folder, file = ''] = name.split('/')
      const home = folder === 'catalogue' ? this.catalogue : this.owner
      home.set(file, bytes)
    }
    const { owner, catalogueRoot, ownerRoot } = first
    this.#ids = { owner, catalogueRoot, ownerRoot, log: logDigest(log) }
    this.model = first.model.path
    this.put(first.model.content)
    const statement = { model: 'acme/box', revision: 1 }
    const target = modelTarget(statement, first.model.content)
    this.#targets.set(target.path, target)
  }

  get moment(): FleetMoment {
    const { order, counter } = this
    return {
      order,
      counter,
      held: this.#held,
      reports: [...this.reports],
      events: [...this.events],
    }
  }

  /** Knows again what it knew then, and nothing else; what was published stays published. */
  rewind({ order, counter, held, reports, events }: FleetMoment): void {
    this.order = order
    this.counter = counter
    this.#held = held
    this.reports.splice(0, this.reports.length, ...reports)
    this.events.splice(0, this.events.length, ...events)
  }

  put(bytes: Uint8Array): { digest: Digest; length: number } {
    const digest = digestOf(bytes)
    this.objects.set(digest, bytes)
    return { digest, length: bytes.length }
  }

  /** Publishes one revision: its files as text, executables under `bin/`. */
  async publish(
    name: string,
    revision: number,
    files: Readonly<Record<string, string | Uint8Array>>,
    stated: Omit<Partial<ReleaseRecord>, 'behaviour'> & { behaviour?: Partial<Behaviour> } = {},
  ): Promise<Release> {
    const tree = this.#treeOf(files)
    const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
    const empty = this.put(toUtf8('{}'))
    const health = { tcp: { port: 1 }, 'start-seconds': 1 }
    const main = { command: ['bin/main'], health }
    const record = {
      type: 'release',
      format: 1,
      package: name as PackageName,
      version: `${revision}.0`,
      revision,
      architecture,
      tree: this.put(toTreeBytes(tree)),
      size: Object.values(files).reduce((sum, text) => sum + text.length, 0),
      sbom: empty,
      provenance: empty,
      'support-end': '2036-01-01',
      'security-contact': 'mailto:security@acme.example',
      ...stated,
      behaviour: { apps: { main }, ...stated.behaviour },
    } satisfies ReleaseRecord
    const recordBytes = toDocument(record)
    this.put(recordBytes)
    const target = releaseTarget(record, recordBytes)
    this.#targets.set(target.path, target)
    await this.#sign()
    return { record, recordBytes, tree }
  }

  #treeOf(files: Readonly<Record<string, string | Uint8Array>>): TreeListing {
    const folders = new Set(
      Object.keys(files).flatMap(path =>
        path
          .split('/')
          .slice(0, -1)
          .map((_, i, parts) => parts.slice(0, i + 1).join('/')),
      ),
    )
    return makeTree([
      ...[...folders].map(path => ({ path, kind: 'directory' as const })),
      ...Object.entries(files).map(([path, content]) => {
        const bytes = typeof content === 'string' ? toUtf8(content) : content
        const { digest, length } = this.put(bytes)
        const mode = path.startsWith('bin/') ? ('755' as const) : ('644' as const)
        return { path, kind: 'file' as const, digest, size: length, mode }
      }),
    ])
  }

  async #sign(): Promise<void> {
    this.#version += 1
    let role = makeDelegatedRole(this.#version, {}, this.#now())
    for (const { path, target } of this.#targets.values()) role = addRelease(role, path, target)
    const acme = await signMetadata(role, [signerFromSeed(seeds.publisher)])
    const targets = this.catalogue.get('1.targets.json')!
    const files = new Map([
      ['targets', targets],
      ['acme', acme],
    ])
    const snapshot = await signMetadata(makeSnapshot(this.#version, files, this.#now()), [
      signerFromSeed(seeds.snapshot),
    ])
    const timestamp = await signMetadata(makeTimestamp(this.#version, snapshot, this.#now()), [
      signerFromSeed(seeds.timestamp),
    ])
    this.catalogue.set(`${this.#version}.acme.json`, acme)
    this.catalogue.set(`${this.#version}.snapshot.json`, snapshot)
    this.catalogue.set('timestamp.json', timestamp)
  }

  /** Orders these releases, and with `stated` differently from how a good order would. */
  async give(
    releases: readonly (Release &
      Partial<Pick<Order['releases'][number], 'settings' | 'grants'>>)[],
    stated: Partial<Order> = {},
  ): Promise<Envelope> {
    this.counter += 1
    const order = {
      ...makeOrder(
        {
          device: this.deviceId,
          owner: this.#ids.owner,
          counter: this.counter,
          model: this.model,
          releases: releases.map(one => this.#ordered(one)),
          policy: { 'probation-seconds': 1, 'check-in-seconds': 60 },
        },
        this.#now(),
      ),
      ...stated,
    }
    this.order = await signStatement(payloadTypes.order, order, [signerFromSeed(seeds.director)])
    this.counter = Math.max(this.counter, order.counter)
    this.look()
    return this.order
  }

  #ordered({
    record,
    recordBytes,
    ...rest
  }: Release & { settings?: object; grants?: readonly string[] }): Order['releases'][number] {
    return {
      catalogue: 'acme',
      package: record.package,
      revision: record.revision,
      architecture: record.architecture,
      record: { digest: digestOf(recordBytes), length: recordBytes.length },
      settings: (rest.settings ?? {}) as Order['releases'][number]['settings'],
      grants: rest.grants ?? [...this.#interfaces, ...(isAgent(record) ? ['agent'] : [])],
    }
  }

  look(event = 'look'): void {
    for (const stream of this.#streams) stream.write(toEventText({ event, data: '{}' }))
  }

  /** Resolves with the first report or event for which `is` holds, already there or yet to come. */
  async until<T>(what: string, is: () => T | undefined, limitMs = 60_000): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const timer = setTimeout(
      () => reject(new Error(`cannot see ${what}: ${this.#tail()}`)),
      limitMs,
    )
    const check = () => {
      const found = is()
      if (found !== undefined) resolve(found)
    }
    this.#listeners.add(check)
    const poll = setInterval(check, 50)
    check()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      clearInterval(poll)
      this.#listeners.delete(check)
    }
  }

  #tail(): string {
    const report = this.reports.at(-1)
    const events = this.events.slice(-6).map(event => event.message)
    return JSON.stringify({ state: report?.state, releases: report?.releases, events })
  }

  untilState(state: string, revision: number, name = 'acme/hub'): Promise<StateReport> {
    return this.until(`${state} at ${name} ${revision}`, () => {
      const report = this.reports.at(-1)
      const isThere = report?.releases.some(
        one => one.package === name && one.revision === revision,
      )
      return report?.state === state && isThere && report.counter === this.counter
        ? report
        : undefined
    })
  }

  untilEvent(kind: DeviceEvent['kind'], code?: string): Promise<DeviceEvent> {
    return this.until(`${kind} ${code}`, () =>
      this.events.find(event => event.kind === kind && (code === undefined || event.code === code)),
    )
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    this.requests.push(`${request.method} ${path}`)
    const chunks: Uint8Array[] = []
    for await (const chunk of request) chunks.push(chunk)
    if (this.faults.hang) return
    try {
      if (this.faults.status) return this.#refuse(response, this.faults.status, 'internal')
      await this.#route(request, response, path, Buffer.concat(chunks))
    } catch (error) {
      this.#refuse(response, 500, String(error))
    }
  }

  #refuse(response: ServerResponse, status: number, type: string, held?: number): void {
    response.writeHead(status, { 'content-type': 'application/problem+json' })
    response.end(JSON.stringify({ type, title: `cannot: ${type}`, status, held }))
  }

  async #route(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    body: Uint8Array,
  ): Promise<void> {
    const [, , folder = '', name = '', last = ''] = path.split(/[/?]/)
    if (folder === 'objects')
      return this.#content(request, response, this.objects.get(parseDigest(name)))
    if (folder === 'bundles')
      return this.#content(request, response, await this.#bundle(path, name))
    if (folder === 'deltas') return this.#refuse(response, 404, 'content/unknown')
    if (folder === 'catalogues')
      return this.#content(request, response, this.catalogues.get(name)?.get(last))
    if (folder === 'log') return this.#proveLeaf(request, response, last)
    if (folder === 'owner') return this.#content(request, response, this.#ownerFile(name, last))
    // It is of before there were sessions: each request is signed by the device's own key.
    if (path.endsWith('/session')) return this.#refuse(response, 404, 'request/unknown-route')
    if (!this.#isFresh(request, response, path, body)) return
    if (folder === 'enrol') return this.#enrol(response, body)
    if (path.endsWith('/events')) return this.#stream(response)
    if (path.endsWith('/output')) return this.#takeOutput(response, body)
    return this.#checkIn(response, body)
  }

  async #proveLeaf(
    request: IncomingMessage,
    response: ServerResponse,
    leaf: string,
  ): Promise<void> {
    const held = Number(new URL(request.url ?? '', this.origin).searchParams.get('held'))
    const proof = await this.prove(leaf, held)
    if (proof === undefined) this.#refuse(response, 404, 'log/unknown-leaf')
    else response.end(proof)
  }

  #ownerFile(name: string, last: string): Uint8Array | undefined {
    return name === 'roots'
      ? this.owner.get(`${last}.owner-root.json`)
      : this.owner.get(`${this.#ownerVersion('policy')}.policy.json`)
  }

  /** The newest version of the owner's that {@link owner} holds. */
  #ownerVersion(kind: 'owner-root' | 'policy'): number {
    return [...this.owner.keys()].filter(name => name.endsWith(`.${kind}.json`)).length
  }

  /** The owner signs its root and its policy again, as the next versions; `stated` changes the policy. */
  async raiseOwner(stated: Partial<TrustPolicy> = {}): Promise<void> {
    for (const kind of ['owner-root', 'policy'] as const) {
      const version = this.#ownerVersion(kind)
      const held = parseEnvelopeBytes(this.owner.get(`${version}.${kind}.json`)!)
      const statement = JSON.parse(Buffer.from(held.payload, 'base64').toString())
      const changed = kind === 'policy' ? stated : {}
      const next = { ...statement, ...changed, version: version + 1 }
      const sealed = await signStatement(held.payloadType, next, seeds.owner.map(signerFromSeed))
      this.owner.set(`${version + 1}.${kind}.json`, toEnvelopeBytes(sealed))
    }
  }

  #isFresh(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    body: Uint8Array,
  ): boolean {
    response.setHeader('steadfleet-nonce', this.#nonce)
    const bytes = body.length > 0 ? body : undefined
    const parts = { method: request.method ?? '', targetUri: this.origin + path, body: bytes }
    const read = readSignature(parts, request.headers)
    if (read.nonce !== this.#nonce) {
      this.#refuse(response, 401, 'request/stale-nonce')
      return false
    }
    const key = path.endsWith('/enrol')
      ? (JSON.parse(Buffer.from(body).toString()).claim.publicKey as string)
      : this.#devicePublicKey
    const x = Buffer.from(key, 'hex').toString('base64url')
    verifySignature(
      read,
      createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
    )
    return true
  }

  #enrol(response: ServerResponse, body: Uint8Array): void {
    const { token, claim } = JSON.parse(Buffer.from(body).toString())
    if (token !== this.secret) return void this.#refuse(response, 403, 'enrolment/refused')
    this.#devicePublicKey = claim.publicKey
    const reply = {
      device: 'dev_00000000000000000000',
      fleet: 'main',
      catalogueRoot: toBase64(this.catalogue.get('1.root.json')!),
      ownerRoot: toBase64(this.owner.get('1.owner-root.json')!),
      policy: JSON.parse(Buffer.from(this.owner.get('1.policy.json')!).toString()),
    }
    response.end(JSON.stringify(reply))
  }

  #checkIn(response: ServerResponse, body: Uint8Array): void {
    const {
      report,
      unchanged,
      events,
      catalogues,
      health = [],
    } = JSON.parse(Buffer.from(body).toString())
    const state = report ? reportIn(report) : this.reports.at(-1)
    if (
      state === undefined ||
      state.sequence < this.#held ||
      unchanged !== (report ? undefined : this.#held)
    ) {
      return void this.#refuse(response, 409, 'device/wrong-report', this.#held)
    }
    this.#held = state.sequence
    this.#device = state.device
    const last = this.events.at(-1)?.sequence ?? 0
    this.events.push(...(events as DeviceEvent[]).filter(event => event.sequence > last))
    this.reports.push(state)
    this.health.push(...health)
    const isNew = this.order && (this.isStubborn || orderCounter(this.order) > state.counter)
    const order = isNew ? this.order : null
    const acknowledged = this.events.at(-1)?.sequence ?? 0
    const reply = {
      acknowledged,
      order,
      ownerRootVersion: this.#ownerVersion('owner-root'),
      policyVersion: this.#ownerVersion('policy'),
      catalogues: this.#newerThan(catalogues),
      now: '',
    }
    response.end(JSON.stringify(reply))
    for (const listener of this.#listeners) listener()
  }

  /** The catalogue's timestamp, where it is another than the device holds. */
  #newerThan(held: { acme?: { timestamp: number } }): object {
    const timestamp = this.catalogue.get('timestamp.json')!
    const { version } = JSON.parse(Buffer.from(timestamp).toString()).signed
    return held.acme?.timestamp === version ? {} : { acme: { timestamp: toBase64(timestamp) } }
  }

  #stream(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    this.#streams.add(response)
    const warm = setInterval(() => response.write(':\n\n'), warmMs).unref()
    response.on('close', () => {
      clearInterval(warm)
      this.#streams.delete(response)
    })
  }

  #takeOutput(response: ServerResponse, body: Uint8Array): void {
    const { app, lines } = JSON.parse(Buffer.from(body).toString())
    this.output.push({ app, lines })
    response.end(JSON.stringify({ watched: true }))
    for (const listener of this.#listeners) listener()
  }

  async #bundle(path: string, name: string): Promise<Uint8Array | undefined> {
    const listing = this.objects.get(parseDigest(name))
    if (listing === undefined) return undefined
    const from = new URL(path, this.origin).searchParams.get('from')
    const base = from ? this.objects.get(parseDigest(from)) : undefined
    const refs = contentsOf(parseTree(listing), base && parseTree(base))
    const header = makeHeader(parseDigest(name), refs, from ? parseDigest(from) : undefined)
    const objects = refs.map(ref => ({ ...ref, content: once(this.objects.get(ref.digest)!) }))
    const chunks: Uint8Array[] = []
    for await (const chunk of writeBundle(objects, header)) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  #content(
    request: IncomingMessage,
    response: ServerResponse,
    whole: Uint8Array | undefined,
  ): void {
    if (whole === undefined) return void this.#refuse(response, 404, 'content/unknown')
    const path = request.url ?? ''
    const spoiled = this.faults.spoil?.(path, whole) ?? whole
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    if (start > 0 && start >= spoiled.length)
      return void this.#refuse(response, 416, 'content/wrong-range')
    const body = spoiled.subarray(start)
    const { stallAfter, cutAfter } = this.faults
    const limit = stallAfter ?? cutAfter ?? Number.POSITIVE_INFINITY
    const range = { 'content-range': `bytes ${start}-${spoiled.length - 1}/${spoiled.length}` }
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': body.length,
      ...(start > 0 && range),
    })
    this.sent += Math.min(limit, body.length)
    if (body.length <= limit) return void response.end(body)
    response.write(body.subarray(0, limit))
    if (cutAfter !== undefined) setImmediate(() => response.destroy())
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}

function reportIn(envelope: Json): StateReport {
  const { payload } = parseEnvelope(envelope)
  return JSON.parse(Buffer.from(payload, 'base64').toString())
}

function isAgent({ behaviour }: ReleaseRecord): boolean {
  return behaviour.interfaces?.some(one => one.interface === 'agent') ?? false
}

export function orderCounter(envelope: Envelope): number {
  return JSON.parse(Buffer.from(envelope.payload, 'base64').toString()).counter
}
