import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { toTimestamp } from '@steadfleet/domain'
import { Kysely } from 'kysely'
import { ServerError, type ServerErrorCode } from '../error.ts'
import type { World } from '../world.ts'
import type { CommandName, InputOf, OutputOf } from './commands.ts'
import { nodeSqlite } from './dialect.ts'
import { isPostgresPlace } from './place.ts'
import type { Database, Db } from './schema.ts'
import { type Actor, itself } from './tell.ts'
import type { Refusal, Reply, Request } from './writer.ts'

/** The database: questions are asked here, commands are carried out in the writer's thread. */
export interface Store extends AsyncDisposable {
  /** Read-only, and sees every command that was answered. */
  readonly db: Db
  /**
   * Carries out a command; resolves when what it wrote is on the disk. Who acts is told in the audit log;
   * absent, it is the server itself.
   */
  write<N extends CommandName>(name: N, input: InputOf<N>, actor?: Actor): Promise<OutputOf<N>>
}

interface Waiting {
  resolve(output: unknown): void
  reject(error: Error): void
}

/**
 * Opens a file of SQLite, or the PostgreSQL database of a URL. Errors: `server/newer-data`; of PostgreSQL
 * `database/unavailable`, and `server/usage` for what is no such URL.
 */
export async function openStore(place: string, now: World['now']): Promise<Store> {
  const worker = new Worker(join(import.meta.dirname, 'writer-thread.ts'), { workerData: place })
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  const ready = new Promise((resolve, reject) => waiting.set(0, { resolve, reject }))
  const failAll = (cause: Error): void => {
    for (const { reject } of waiting.values()) reject(cause)
    waiting.clear()
  }
  worker.on('message', (replies: readonly Reply[]) => {
    for (const reply of replies) settle(waiting, reply)
  })
  const send = makeBatches((batch: readonly Request[]) => worker.postMessage(batch))
  worker.on('error', failAll)
  worker.on('exit', () =>
    failAll(new ServerError('server/closed', 'cannot write: store is closed')),
  )
  const reading = await ready
    .then(() => openReading(place))
    .catch(async fault => {
      await worker.terminate()
      throw fault
    })
  return {
    db: reading.db,
    write<N extends CommandName>(
      name: N,
      input: InputOf<N>,
      actor: Actor = itself,
    ): Promise<OutputOf<N>> {
      lastId += 1
      const at = toTimestamp(now())
      const id = lastId
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve: output => resolve(output as OutputOf<N>), reject })
        send({ id, name, input, actor, at })
      })
    },
    async [Symbol.asyncDispose]() {
      await reading.close()
      await worker.terminate()
    },
  }
}

interface Reading {
  readonly db: Db
  close(): Promise<void>
}

async function openReading(place: string): Promise<Reading> {
  if (isPostgresPlace(place)) return (await import('./read-postgres.ts')).readPostgres(place)
  const database = new DatabaseSync(place, { readOnly: true })
  return {
    db: new Kysely<Database>({ dialect: nodeSqlite(database) }),
    close: async () => database.close(),
  }
}

/** Sends what is asked within one turn of the loop as one message: each costs as much as what is in it. */
function makeBatches<T>(send: (batch: readonly T[]) => void): (one: T) => void {
  let batch: T[] = []
  const flush = (): void => {
    const full = batch
    batch = []
    send(full)
  }
  return one => {
    if (batch.push(one) === 1) setImmediate(flush)
  }
}

function settle(waiting: Map<number, Waiting>, reply: Reply): void {
  const wait = waiting.get(reply.id)
  waiting.delete(reply.id)
  if ('refusal' in reply) wait?.reject(toError(reply.refusal))
  else wait?.resolve(reply.output)
}

function toError({ code, message, details }: Refusal): Error {
  if (code === undefined) return new Error(`cannot carry out command: ${message}`)
  return new ServerError(code as ServerErrorCode, message, details)
}
