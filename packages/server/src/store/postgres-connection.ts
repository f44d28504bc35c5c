import { Client, type ClientConfig, Pool, types } from 'pg'
import { ServerError } from '../error.ts'
import type { Answer, Ask } from './postgres-dialect.ts'

/** So long a server that does not answer is waited for. */
const connectMs = 5000

/** How many readers one process has. */
const mostReaders = 4

const bigint = 20
const numeric = 1700

/** Whole numbers are numbers: nothing here counts beyond 2^53. */
const asNumbers: NonNullable<ClientConfig['types']> = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === bigint || oid === numeric ? Number : types.getTypeParser(oid, format as 'text'),
}

/** How to reach the database of a URL. Refuses what is none, without repeating it: a password may be in it. */
function configOf(url: string): ClientConfig {
  if (!URL.canParse(url) && !url.startsWith('postgres:///')) {
    const message = 'cannot open the database: its address is no postgres:// URL'
    throw new ServerError('server/usage', message)
  }
  return {
    connectionString: url,
    application_name: 'steadfleet',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    types: asNumbers,
  }
}

/** One connection, for who begins and ends transactions. */
export interface Connection extends AsyncDisposable {
  readonly ask: Ask
  /** Whether it still stands. */
  isOpen(): boolean
}

/** Errors: `database/unavailable`; `server/usage`. */
export async function connect(
  url: string,
  onNotice?: (channel: string, text: string) => void,
  onEnd?: () => void,
): Promise<Connection> {
  const client = new Client(configOf(url))
  let isOpen = true
  const lose = (): void => {
    isOpen = false
  }
  // What was asked is refused by its own promise; a connection that is lost while nobody asks is found by the next.
  client.on('error', lose)
  client.on('end', () => {
    lose()
    onEnd?.()
  })
  if (onNotice)
    client.on('notification', ({ channel, payload }) => onNotice(channel, payload ?? ''))
  await saying(client.connect())
  let turn: Promise<unknown> = Promise.resolve()
  return {
    ask(text, values) {
      const answer = turn.then(() => saying<Answer>(client.query(text, values as unknown[])))
      turn = answer.catch(() => undefined)
      return answer
    },
    isOpen: () => isOpen,
    async [Symbol.asyncDispose]() {
      await client.end().catch(() => undefined)
    },
  }
}

/** Connections that only read, each opened when it is needed. */
export function openReaders(url: string): AsyncDisposable & { readonly ask: Ask } {
  const pool = new Pool({
    ...{ ...configOf(url), max: mostReaders },
    onConnect: client => client.query('set default_transaction_read_only = on'),
  })
  // One that is lost while nobody asks is replaced.
  pool.on('error', () => undefined)
  return {
    ask: (text, values) => saying<Answer>(pool.query(text, values as unknown[])),
    async [Symbol.asyncDispose]() {
      await pool.end()
    },
  }
}

/** SQLSTATE classes and codes of a database that is not there, or not now: 08 connection, 57P shut down, … */
const awayStates = /^(08...|57P0[1-4]|53300|55P03|25P03|25006)$/
const awayCodes: readonly unknown[] = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH'],
  ...['ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'EACCES'],
]
/** What `pg` says of a connection of its own, with no code. */
const awayWords = /^Connection terminated|not queryable|^timeout e|^The server does not support SSL/
const diskFull = '53100'

/** The same deed; a database that is not there is told as that. */
async function saying<T>(deed: Promise<T>): Promise<T> {
  try {
    return await deed
  } catch (fault) {
    throw asUnavailable(fault) ?? fault
  }
}

function asUnavailable(fault: unknown): ServerError | undefined {
  if (!(fault instanceof Error)) return undefined
  const { code } = fault as { code?: unknown }
  const options = { cause: fault }
  if (code === diskFull) {
    const message = 'cannot store: the disk of the database is full'
    return new ServerError('server/disk-full', message, {}, options)
  }
  const isAway =
    awayCodes.includes(code) ||
    (typeof code === 'string' && awayStates.test(code)) ||
    (code === undefined && awayWords.test(fault.message))
  if (!isAway) return undefined
  const message = 'cannot reach the database now'
  return new ServerError('database/unavailable', message, {}, options)
}
