import { pretendStore } from '../packages/authority/src/testing/index.ts'
import type { Digest } from '../packages/base/src/index.ts'
import {
  type Client,
  getCatalogueFile,
  getOwnerRoot,
  getPolicy,
} from '../packages/protocol/src/index.ts'
import type { CheckedIn, TestDevice } from '../packages/server/src/testing/test-device.ts'
import {
  acceptOrder,
  acceptOwnerRoot,
  acceptPolicy,
  type Catalogue,
  type CatalogueStore,
  type Envelope,
  envelopeDigest,
  type Fetcher,
  type Order,
  type OwnerRoot,
  refreshCatalogue,
  type TrustPolicy,
} from '../packages/trust/src/index.ts'

/** What a device believes, and how it comes to believe more; nothing runs on it. */
export interface Follower {
  readonly catalogue: Catalogue
  readonly ownerRoot: OwnerRoot
  readonly policy: TrustPolicy
  /** The last order it accepted. */
  readonly order: Order | undefined
  /** Looks again, as a device does when it wakes: roots step by step, policy, catalogue, order. */
  wake(): Promise<void>
  /** What would become of an order that somebody sends it now. */
  obey(envelope: Envelope): Order
}

/** Begins with first roots, as a device that joined by a token. */
export async function openFollower(
  client: Client,
  device: TestDevice,
  firstRoot: Digest,
): Promise<Follower> {
  const first = await ownerRootAt(client, 1)
  const follower = {
    store: pretendStore() as CatalogueStore,
    ownerRoot: acceptOwnerRoot(envelopeDigest(first), first),
    policy: undefined as TrustPolicy | undefined,
    order: undefined as Order | undefined,
    catalogue: undefined as Catalogue | undefined,
  }
  const obey = (envelope: Envelope): Order => {
    const { owner } = held(follower.policy)
    const address = { device: device.id, owner, counter: follower.order?.counter ?? 0 }
    return acceptOrder(address, follower.ownerRoot, envelope, new Date())
  }
  const wake = async (): Promise<void> => {
    const reply = await device.checkIn({ counter: follower.order?.counter ?? 0 })
    follower.ownerRoot = await newestRoot(client, follower.ownerRoot, reply)
    follower.policy = acceptPolicy(
      follower.ownerRoot,
      follower.policy,
      await client.call(getPolicy, {}),
    )
    follower.catalogue = await lookAt(client, firstRoot, follower.store)
    if (reply.order) follower.order = obey(reply.order)
  }
  await wake()
  return {
    get catalogue() {
      return held(follower.catalogue)
    },
    get ownerRoot() {
      return follower.ownerRoot
    },
    get policy() {
      return held(follower.policy)
    },
    get order() {
      return follower.order
    },
    wake,
    obey,
  }
}

/** The catalogue as someone sees it who trusts no more than the first root. */
export function lookAt(
  client: Client,
  firstRoot: Digest,
  store: CatalogueStore = pretendStore(),
): Promise<Catalogue> {
  return refreshCatalogue({ store, fetcher: fetcherOf(client), now: new Date(), firstRoot })
}

export function fetcherOf(client: Client): Fetcher {
  return {
    async fetch(file) {
      try {
        const { body } = await client.open(getCatalogueFile, { params: { file } })
        const chunks: Uint8Array[] = []
        for await (const chunk of body) chunks.push(chunk)
        return new Uint8Array(Buffer.concat(chunks))
      } catch (error) {
        if ((error as { status?: number }).status === 404) return undefined
        throw error
      }
    },
  }
}

async function newestRoot(client: Client, root: OwnerRoot, reply: CheckedIn): Promise<OwnerRoot> {
  if (root.version >= reply.ownerRootVersion) return root
  const next = acceptOwnerRoot(root, await ownerRootAt(client, root.version + 1))
  return newestRoot(client, next, reply)
}

async function ownerRootAt(client: Client, version: number): Promise<Envelope> {
  return client.call(getOwnerRoot, { params: { version: String(version) } })
}

function held<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('the follower has not woken yet')
  return value
}
