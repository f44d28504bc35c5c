import {
  type Digest,
  digestOf,
  fromBase64,
  fromUtf8,
  isCoded,
  parseStrictJson,
  toHex,
} from '@steadfleet/base'
import {
  ownerIdOf,
  parsePublisherName,
  parseReleaseRecord,
  type ReleaseRecord,
} from '@steadfleet/domain'
import {
  type Client,
  type enrolDevice,
  getFileOfCatalogue,
  getLogProof,
  getObject,
  getOwnerRoot,
  getPolicy,
  type ReplyOf,
} from '@steadfleet/protocol'
import {
  type AgreedRelease,
  acceptLogged,
  acceptOwnerRoot,
  acceptPolicy,
  agree,
  type Catalogue,
  type CatalogueStore,
  chosenLog,
  findAllowed,
  leafHash,
  type ModelStatement,
  type Order,
  type OwnerRoot,
  openModel,
  parseEnvelopeBytes,
  parseLogProof,
  refreshCatalogue,
  type SignedCheckpoint,
  type TrustPolicy,
  toLeaf,
} from '@steadfleet/trust'
import type { Token } from './token.ts'

const architecture = 'amd64'

/** The longest release record, model statement or proof that is read, in bytes. */
const longest = 1024 * 1024

/**
 * What the devices of one process learn together, as if from a cache nearby: roots, policy, catalogues, the
 * log. All of it is verified, by the code that a device verifies it with, but once for all of them; orders
 * are verified by each for itself.
 */
export class CommonKnowledge {
  readonly #client: Client
  readonly owner: string
  #root: OwnerRoot
  #policy: TrustPolicy
  readonly #catalogues = new Map<
    string,
    { catalogue: Promise<Catalogue>; readonly store: CatalogueStore }
  >()
  #checkpoint: SignedCheckpoint | undefined
  readonly #shown = new Map<string, Promise<void>>()
  readonly #models = new Map<string, Promise<ModelStatement>>()
  readonly #records = new Map<Digest, Promise<ReleaseRecord>>()
  #catchingUp: Promise<void> = Promise.resolve()

  private constructor(client: Client, owner: string, root: OwnerRoot, policy: TrustPolicy) {
    this.#client = client
    this.owner = owner
    this.#root = root
    this.#policy = policy
  }

  /** From what a device was sent as it joined; the roots count by the digests in its token. */
  static async begin(
    client: Client,
    token: Token,
    reply: ReplyOf<typeof enrolDevice>,
  ): Promise<CommonKnowledge> {
    const file = fromBase64(reply.ownerRoot)
    const first = acceptOwnerRoot(token.ownerRoot, parseEnvelopeBytes(file))
    const owner = ownerIdOf(file)
    const root = await newestRoot(client, first)
    return new CommonKnowledge(
      client,
      owner,
      root,
      acceptPolicy(root, undefined, reply.policy, { owner }),
    )
  }

  get root(): OwnerRoot {
    return this.#root
  }

  /** Follows the owner to the versions that a check-in names. */
  catchUp(rootVersion: number, policyVersion: number): Promise<void> {
    if (rootVersion <= this.#root.version && policyVersion <= this.#policy.version) {
      return Promise.resolve()
    }
    const turn = this.#catchingUp.then(() => this.#follow(policyVersion))
    this.#catchingUp = turn.catch(() => undefined)
    return turn
  }

  async #follow(policyVersion: number): Promise<void> {
    this.#root = await newestRoot(this.#client, this.#root)
    if (policyVersion <= this.#policy.version) return
    const envelope = await this.#client.call(getPolicy, {})
    this.#policy = acceptPolicy(this.#root, this.#policy, envelope, { owner: this.owner })
  }

  /** What owner, publisher and catalogue agree on of an order, and the log holds. */
  async agree(order: Order, running: ReadonlySet<Digest>): Promise<AgreedRelease[]> {
    try {
      return await this.#agree(order, running)
    } catch (error) {
      if (!isCoded(error, 'trust/not-published')) throw error
      // Published since the catalogue was read last.
      await this.#refresh()
      return this.#agree(order, running)
    }
  }

  async #agree(order: Order, running: ReadonlySet<Digest>): Promise<AgreedRelease[]> {
    const policy = this.#policy
    const catalogues = new Map(policy.catalogues.map(({ name }) => [name, this.#catalogue(name)]))
    const model = await this.#model(order.model, catalogues)
    const agreed = await agree({
      ...{ order, catalogues, policy, model, floors: new Map(), architecture, running },
    })
    for (const { ordered, path, record } of agreed) {
      if (!running.has(record.digest)) await this.#refuseUnlogged(ordered.catalogue, path, record)
    }
    return agreed
  }

  #catalogue(name: string): Pick<Catalogue, 'find'> {
    return { find: async path => (await this.#held(name).catalogue).find(path) }
  }

  #held(name: string) {
    const held = this.#catalogues.get(name)
    if (held) return held
    const store = inMemory()
    const made = { store, catalogue: this.#refreshed(name, store) }
    this.#catalogues.set(name, made)
    return made
  }

  /** Each catalogue once, however many devices ask at the same time. */
  #refreshing: Promise<void> | undefined
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshAll().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async #refreshAll(): Promise<void> {
    for (const [name, held] of this.#catalogues) {
      held.catalogue = this.#refreshed(name, held.store)
      await held.catalogue
    }
  }

  #refreshed(name: string, store: CatalogueStore): Promise<Catalogue> {
    const { root } = this.#policy.catalogues.find(one => one.name === name) ?? {}
    if (root === undefined) throw new TypeError(`catalogue ${name} is not in the policy`)
    const fetch = (file: string, limit: number) =>
      this.#ifThere(
        this.#client.open(getFileOfCatalogue, {
          params: { catalogue: parsePublisherName(name), file },
        }),
        limit,
      )
    return refreshCatalogue({ store, fetcher: { fetch }, now: new Date(), firstRoot: root, name })
  }

  async #ifThere(
    asked: ReturnType<Client['open']>,
    limit: number,
  ): Promise<Uint8Array | undefined> {
    try {
      return await wholeOf((await asked).body, limit)
    } catch (error) {
      if (isCoded(error, 'content/unknown')) return undefined
      throw error
    }
  }

  #model(path: string, catalogues: ReadonlyMap<string, Pick<Catalogue, 'find'>>) {
    return once(this.#models, path, async () => {
      const [catalogue] = this.#policy.catalogues
      if (!catalogue) throw new TypeError('the policy names no catalogue')
      const target = await findAllowed({ policy: this.#policy, catalogues }, catalogue.name, path)
      await this.#refuseUnlogged(catalogue.name, path, target)
      return openModel(target, await this.#object(target.digest, target.length))
    })
  }

  /** Verified by its digest. */
  record({ digest, length }: AgreedRelease['record']): Promise<ReleaseRecord> {
    return once(this.#records, digest, async () =>
      parseReleaseRecord(parseStrictJson(await this.#object(digest, length))),
    )
  }

  async #object(digest: Digest, length: number): Promise<Uint8Array> {
    const { body } = await this.#client.open(getObject, { params: { digest } })
    const bytes = await wholeOf(body, length)
    if (digestOf(bytes) !== digest) throw new TypeError(`object ${digest} is another`)
    return bytes
  }

  #refuseUnlogged(
    catalogue: string,
    path: string,
    { digest, length }: AgreedRelease['record'],
  ): Promise<void> {
    const log = chosenLog(this.#policy.log)
    const root = this.#policy.catalogues.find(({ name }) => name === catalogue)?.root
    if (log === undefined || root === undefined) return Promise.resolve()
    const leaf = toLeaf({ type: 'release', path: path as never, digest, length, catalogue: root })
    const hash = toHex(leafHash(leaf))
    return once(this.#shown, hash, async () => {
      const held = this.#checkpoint
      const asked = { params: { leaf: hash }, query: { held: held?.size ?? 0 } }
      const { body } = await this.#client.open(getLogProof, asked)
      const proof = parseLogProof(fromUtf8(await wholeOf(body, longest)))
      this.#checkpoint = acceptLogged(log, held, proof, leaf)
    })
  }
}

async function newestRoot(client: Client, root: OwnerRoot): Promise<OwnerRoot> {
  try {
    const params = { version: String(root.version + 1) }
    return await newestRoot(
      client,
      acceptOwnerRoot(root, await client.call(getOwnerRoot, { params })),
    )
  } catch (error) {
    if (isCoded(error, 'content/unknown')) return root
    throw error
  }
}

/** What was made for a name, once; a failure is not kept. */
function once<K, T>(made: Map<K, Promise<T>>, name: K, make: () => Promise<T>): Promise<T> {
  const held = made.get(name)
  if (held !== undefined) return held
  const making = make()
  made.set(name, making)
  making.catch(() => made.delete(name))
  return making
}

function inMemory(): CatalogueStore {
  const files = new Map<string, Uint8Array>()
  return {
    read: async name => files.get(name),
    async commit(changed) {
      for (const [name, bytes] of changed) {
        if (bytes.length > 0) files.set(name, bytes)
        else files.delete(name)
      }
    },
  }
}

async function wholeOf(body: AsyncIterable<Uint8Array>, limit: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > limit) throw new RangeError(`more than ${limit} bytes came`)
    parts.push(part)
  }
  return new Uint8Array(Buffer.concat(parts))
}
