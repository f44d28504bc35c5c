import type { ServerEvent } from '@steadfleet/protocol'
import type { About, Topic } from '../announce.ts'
import { type Connection, connect } from '../store/postgres-connection.ts'

/** What one process of a server tells the others. Nothing is lost with a notice but time. */
export type Notice =
  /** Who asks is told what is here by whoever hears it. */
  | { readonly kind: 'here'; readonly asks: boolean }
  | { readonly kind: 'orders' }
  | { readonly kind: 'announced'; readonly topic: Topic; readonly about: About | undefined }
  | { readonly kind: 'topic'; readonly topic: string; readonly event: ServerEvent }
  | { readonly kind: 'topics'; readonly prefix: string; readonly event: ServerEvent }
  | { readonly kind: 'arrived' | 'left'; readonly device: string }

export interface Notices extends AsyncDisposable {
  /** Tells the others, if there are any, a moment later. */
  tell(notice: Notice): void
  /** Whether another process was heard of lately. */
  hasOthers(): boolean
}

export interface Listener {
  /** A notice of another process. */
  hear(notice: Notice, from: string): void
  /** Another process knows nothing of what is here. */
  meet(): void
  /** It was not heard of for so long that it is gone. */
  miss(from: string): void
  /** Notices may have been missed: the database was away. */
  resume(): Promise<void>
}

/** A server with a database of its own has nobody to tell. */
export const nobodyElse: Notices = {
  tell: () => undefined,
  hasOthers: () => false,
  [Symbol.asyncDispose]: async () => undefined,
}

const channel = 'steadfleet'
const beatMs = 5000
const goneMs = 3 * beatMs
const gatherMs = 20
const retryMs = 1000
/** PostgreSQL takes 8,000 bytes. */
const mostBytes = 7000

/** Notices of all processes on one PostgreSQL database, by LISTEN and NOTIFY. */
export async function openNotices(url: string, self: string, listener: Listener): Promise<Notices> {
  const notices = new PostgresNotices(url, self, listener)
  await notices.listen()
  return notices
}

class PostgresNotices implements Notices {
  readonly #url: string
  readonly #self: string
  readonly #listener: Listener
  /** When each of the others was last heard of. */
  readonly #heard = new Map<string, number>()
  readonly #beat: NodeJS.Timeout
  #connection: Connection | undefined
  #retry: NodeJS.Timeout | undefined
  #gathering: NodeJS.Timeout | undefined
  #waiting: Notice[] = []
  #isClosed = false

  constructor(url: string, self: string, listener: Listener) {
    this.#url = url
    this.#self = self
    this.#listener = listener
    this.#beat = setInterval(() => this.#lookRound(), beatMs).unref()
  }

  async listen(): Promise<void> {
    this.#connection = await connect(
      this.#url,
      (_, text) => this.#hear(text),
      () => this.#listenLater(),
    )
    await this.#connection.ask(`listen ${channel}`)
    this.#send([{ kind: 'here', asks: true }])
  }

  hasOthers(): boolean {
    return this.#heard.size > 0
  }

  tell(notice: Notice): void {
    if (!this.hasOthers()) return
    this.#waiting.push(notice)
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined
      this.#send(this.#waiting)
      this.#waiting = []
    }, gatherMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const timer of [this.#beat, this.#retry, this.#gathering]) clearTimeout(timer)
    await this.#connection?.[Symbol.asyncDispose]()
  }

  #send(notices: readonly Notice[]): void {
    const texts = parted(notices).map(part => JSON.stringify({ from: this.#self, notices: part }))
    this.#connection
      ?.ask('select pg_notify($1, text) from unnest($2::text[]) as text', [channel, texts])
      .catch(() => undefined)
  }

  #hear(text: string): void {
    const { from, notices }: Said = JSON.parse(text)
    if (from === this.#self) return
    const isNew = !this.#heard.has(from)
    this.#heard.set(from, performance.now())
    if (isNew) this.#send([{ kind: 'here', asks: true }])
    for (const notice of notices) {
      if (notice.kind === 'here' && notice.asks) this.#listener.meet()
      this.#listener.hear(notice, from)
    }
  }

  #listenLater(): void {
    this.#connection = undefined
    if (this.#isClosed) return
    clearTimeout(this.#retry)
    const again = () => this.#listenLater()
    this.#retry = setTimeout(
      () => void this.listen().then(this.#listener.resume).catch(again),
      retryMs,
    ).unref()
  }

  #lookRound(): void {
    this.#send([{ kind: 'here', asks: false }])
    for (const [from, at] of this.#heard) {
      if (performance.now() - at < goneMs) continue
      this.#heard.delete(from)
      this.#listener.miss(from)
    }
  }
}

interface Said {
  readonly from: string
  readonly notices: readonly Notice[]
}

/** The same notice once, in parts that are short enough. */
function parted(notices: readonly Notice[]): Notice[][] {
  const parts: Notice[][] = []
  let room = 0
  for (const text of new Set(notices.map(notice => JSON.stringify(notice)))) {
    if (room < text.length) {
      parts.push([])
      room = mostBytes
    }
    parts.at(-1)?.push(JSON.parse(text) as Notice)
    room -= text.length + 1
  }
  return parts
}
