import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { type About, announce, tellToLook } from '../announce.ts'
import { makeApp } from '../http/app.ts'
import { type Ground, openGround } from '../open-ground.ts'
import { type HouseOptions, openWork } from '../open-house.ts'
import type { Answering } from '../serve-alone.ts'
import { claimWork } from './claim.ts'
import { forward } from './forward.ts'
import { frontHouse, isOwn } from './front.ts'
import { type Notice, type Notices, nobodyElse, openNotices } from './notices.ts'
import { openFiles } from './read-files.ts'
import { type SharedPresence, sharePresence } from './shared-presence.ts'
import { shareStreams } from './shared-streams.ts'

/** How often a process that does not do the work looks whether it is to. */
const claimMs = 500
/** What is due is told of by notices; one that was lost is made good for so often. */
const dueMs = 10_000

/**
 * One of several processes on one PostgreSQL database and one data directory. One of them does the work; the others
 * answer what devices ask most and pass the rest on to it, and one of them takes over when it is gone.
 */
export async function serveShared(options: Options): Promise<Answering> {
  const shared = new SharedServer(options)
  await shared.open()
  return shared
}

type Options = HouseOptions & { readonly database: string }

/** How this process answers now. */
interface Part extends AsyncDisposable {
  readonly doesWork: boolean
  answer(request: IncomingMessage, reply: ServerResponse): void
  hear?(notice: Notice): void
  /** Resolves when it has read what is in the files now. */
  look?(): Promise<void>
}

class SharedServer implements Answering {
  readonly #options: Options
  readonly #opened = new AsyncDisposableStack()
  #ground!: Ground
  #presence!: SharedPresence
  #notices: Notices = nobodyElse
  /** Undefined until it is open. */
  #part: Part | undefined
  #origin = ''
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: Options) {
    this.#options = options
  }

  get streams() {
    return this.#ground.streams
  }

  async open(): Promise<void> {
    const { database, world } = this.#options
    const ground = this.#opened.use(await openGround(database, world))
    const notices = () => this.#notices
    this.#presence = sharePresence(ground.presence, notices)
    this.#ground = {
      ...ground,
      streams: shareStreams(ground.streams, notices),
      presence: this.#presence,
    }
    this.#notices = this.#opened.use(
      await openNotices(database, randomUUID(), {
        hear: (notice, from) => void this.#hear(ground.streams, notice, from),
        meet: () => this.#presence.tellAll(),
        miss: from => this.#presence.miss(from),
        resume: () => this.#tellWhoLacks(),
      }),
    )
    this.#part = (await this.#openHolder()) ?? (await this.#openFront())
  }

  answer = (request: IncomingMessage, reply: ServerResponse): void => {
    this.#part?.answer(request, reply)
  }

  async listensAt(origin: string): Promise<void> {
    this.#origin = origin.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
    if (this.#part?.doesWork) await this.#tellWhere()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#part?.[Symbol.asyncDispose]()
    await this.#opened.disposeAsync()
  }

  /** For the others: who does the work, and where it is asked. */
  async #tellWhere(): Promise<void> {
    const { folder, world } = this.#options
    await writeFile(join(folder, 'holder'), `${world.pid}\n${this.#origin}\n`)
  }

  async #hear(streams: Ground['streams'], notice: Notice, from: string): Promise<void> {
    if (notice.kind === 'arrived' || notice.kind === 'left') {
      this.#presence.hear(notice.kind, notice.device, from)
      return
    }
    this.#part?.hear?.(notice)
    if (notice.kind === 'announced') {
      const { store } = this.#ground
      announce({ streams, store }, notice.topic, notice.about as About)
      return
    }
    if (notice.kind !== 'topic' && notice.kind !== 'topics') return
    // Whoever is told to look asks here, and must not be told of the files as they were.
    await this.#part?.look?.().catch(() => undefined)
    if (notice.kind === 'topic') streams.send(notice.topic, notice.event)
    else streams.sendAll(notice.prefix, notice.event)
  }

  /** After the database was away: devices that listen here and have an order that they do not know of. */
  async #tellWhoLacks(): Promise<void> {
    const { store, streams } = this.#ground
    const lacking = await store.db
      .selectFrom('device')
      .select('id')
      .whereRef('ordered_counter', '>', 'counter')
      .execute()
    for (const { id } of lacking) if (streams.has(`device ${id}`)) tellToLook({ streams }, id)
  }

  /** Does the work, where nobody else does. */
  async #openHolder(): Promise<Part | undefined> {
    const { folder, database, world, logger, trustedProxies, proxyKeys = [] } = this.#options
    await using opened = new AsyncDisposableStack()
    const claim = await claimWork({
      ...{ folder, pid: world.pid, place: database },
      onLost() {
        logger.fatal('another process does the work now: this one ends')
        process.exit(1)
      },
    })
    if (!claim) return undefined
    opened.use(claim)
    const { house } = opened.use(await openWork(this.#options, this.#ground))
    await house.store.write('noteServerKeys', { keys: proxyKeys })
    const app = await makeApp(house, logger, trustedProxies)
    opened.defer(() => app.close())
    const due = setInterval(() => void house.orderer.nudge(), dueMs).unref()
    opened.defer(() => clearInterval(due))
    const kept = opened.move()
    return {
      doesWork: true,
      answer: (request, reply) => app.routing(request, reply),
      hear(notice) {
        if (notice.kind === 'orders') void house.orderer.nudge()
      },
      [Symbol.asyncDispose]: () => kept.disposeAsync(),
    }
  }

  async #openFront(): Promise<Part> {
    const { folder, logger, trustedProxies } = this.#options
    const files = await openFiles(folder)
    const house = await frontHouse(this.#options, this.#ground, files, this.#notices)
    const app = await makeApp(house, logger, trustedProxies)
    this.#takeOverLater()
    return {
      doesWork: false,
      answer(request, reply) {
        if (isOwn(request)) app.routing(request, reply)
        else void forward(folder, request, reply)
      },
      look: files.look,
      async [Symbol.asyncDispose]() {
        files[Symbol.dispose]()
        await app.close()
      },
    }
  }

  #takeOverLater(): void {
    this.#timer = setTimeout(() => void this.#takeOver(), claimMs)
  }

  async #takeOver(): Promise<void> {
    const { logger } = this.#options
    try {
      const holder = await this.#openHolder()
      if (!holder) return this.#takeOverLater()
      const front = this.#part
      this.#part = holder
      await this.#tellWhere()
      logger.info('the process that did the work is gone; this one does it now')
      await front?.[Symbol.asyncDispose]()
      if (this.#isClosed) await holder[Symbol.asyncDispose]()
    } catch (fault) {
      logger.error({ err: fault }, 'cannot take over the work yet')
      if (!this.#isClosed) this.#takeOverLater()
    }
  }
}
