import type { Catalogue } from './catalogue/catalogue.ts'
import type { Catalogues } from './catalogue/catalogues.ts'
import type { ReleaseNotes } from './catalogue/note-releases.ts'
import type { Content } from './content/content.ts'
import type { Deltas } from './deltas/deltas.ts'
import type { Attempts } from './http/attempts.ts'
import type { KeyHolder } from './http/authenticate.ts'
import type { HeldSession } from './http/device-sessions.ts'
import type { Nonces } from './http/nonces.ts'
import type { Streams } from './http/streams.ts'
import type { Log } from './log/log.ts'
import type { Metrics } from './metrics.ts'
import type { Orderer } from './orders/orderer.ts'
import type { Owner } from './owner.ts'
import type { Presence } from './presence.ts'
import type { Recent } from './recent.ts'
import type { SecondStore } from './second/second-store.ts'
import type { Provider } from './sign-on/provider.ts'
import type { SignerClient } from './signer-client.ts'
import type { Facts } from './store/people-store.ts'
import type { Store } from './store/store.ts'
import type { Reach } from './webhooks/reachable.ts'
import type { World } from './world.ts'

/** What deeds work with: one of each, made at the start and closed at the end. */
export interface House {
  readonly world: World
  /** The public origins of this server; the first is the one it names itself by. */
  readonly origins: readonly string[]
  readonly store: Store
  readonly facts: Facts
  /** The first catalogue: the one that enrolment tokens name. */
  readonly catalogue: Catalogue
  /** That one, and every further one. */
  readonly catalogues: Catalogues
  readonly log: Log
  readonly secondStore: SecondStore
  readonly notes: ReleaseNotes
  readonly content: Content
  readonly deltas: Deltas
  readonly owner: Owner
  readonly orderer: Orderer
  readonly nonces: Nonces
  /** The OpenID provider by which people sign in, where one is configured. */
  readonly signOn: Provider | undefined
  /** Refused attempts to sign in. */
  readonly attempts: Attempts
  /** Keys that were looked up already. */
  readonly keyHolders: Recent<KeyHolder>
  /** Sessions of devices that were looked up already. */
  readonly deviceSessions: Recent<HeldSession>
  readonly streams: Streams
  readonly presence: Presence
  /** Whether the server has been told how to send mail. */
  readonly isMailPossible: boolean
  /** Where webhooks may lead. */
  readonly reach: Reach
  readonly metrics: Metrics
  readonly isSignerThere: () => boolean
  readonly signer: () => SignerClient
  /** The data directory. */
  readonly folder: string
  /** The bytes of `1.root.json`: what enrolment tokens name by digest. */
  readonly firstCatalogueRoot: () => Promise<Uint8Array>
  /** Where the dashboard and the agent's file lie in this checkout. */
  readonly files: {
    /** Undefined where it was not built. */
    readonly dashboard: string | undefined
    readonly agent: string
    readonly node: string
    /** What starts the agent on a device. */
    readonly rescuer: string
  }
}
