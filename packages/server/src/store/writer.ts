import { DatabaseSync } from 'node:sqlite'
import type { MessagePort } from 'node:worker_threads'
import { CodedError, type Details } from '@steadfleet/base'
import { Kysely } from 'kysely'
import { asDiskFull } from '../disk/full.ts'
import { type CommandName, commands } from './commands.ts'
import { nodeSqlite } from './dialect.ts'
import { migrate } from './migrations.ts'
import type { Database, Db } from './schema.ts'
import { type Actor, runTold } from './tell.ts'

export interface Request {
  readonly id: number
  readonly name: CommandName
  readonly input: unknown
  readonly actor: Actor
  readonly at: string
}

export type Reply =
  | { readonly id: number; readonly output: unknown }
  | { readonly id: number; readonly refusal: Refusal }

/** An error as it crosses between threads; a fault of ours has no code. */
export interface Refusal {
  readonly code: string | undefined
  readonly message: string
  readonly details: Details
}

/** The most commands of one transaction: a bound on how long the first of them waits. */
const groupSize = 500

/**
 * Runs commands as they come, in groups: one transaction a group, one savepoint a command, and no
 * reply before the group is on the disk. A command that throws undoes itself alone.
 */
export function serveCommands(port: MessagePort, path: string): void {
  const database = openForWriting(path)
  const db: Db = new Kysely<Database>({ dialect: nodeSqlite(database) })
  const queue: Request[] = []
  let isRunning = false
  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      const replies = await runGroup(database, db, queue.splice(0, groupSize))
      for (const reply of replies) port.postMessage(reply)
    }
    isRunning = false
  }
  port.on('message', (request: Request) => {
    queue.push(request)
    if (isRunning) return
    isRunning = true
    // After this turn of the loop, so that all that has arrived goes into one group.
    setImmediate(() => void run())
  })
  port.on('close', () => database.close())
}

export function openForWriting(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  database.exec('pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on')
  migrate(database)
  return database
}

async function runGroup(
  database: DatabaseSync,
  db: Db,
  group: readonly Request[],
): Promise<Reply[]> {
  try {
    database.exec('begin immediate')
    const replies: Reply[] = []
    for (const request of group) replies.push(await runOne(database, db, request))
    database.exec('commit')
    return replies
  } catch (fault) {
    if (database.isTransaction) database.exec('rollback')
    return group.map(({ id }) => ({ id, refusal: toRefusal(fault) }))
  }
}

async function runOne(database: DatabaseSync, db: Db, request: Request): Promise<Reply> {
  database.exec('savepoint command')
  try {
    const run = commands[request.name] as (db: Db, input: unknown) => Promise<unknown>
    const output = await runTold(db, request, run)
    database.exec('release command')
    return { id: request.id, output }
  } catch (fault) {
    database.exec('rollback to command; release command')
    return { id: request.id, refusal: toRefusal(fault) }
  }
}

function toRefusal(thrown: unknown): Refusal {
  const fault = asDiskFull(thrown) ?? thrown
  if (fault instanceof CodedError) {
    return { code: fault.code, message: fault.message, details: fault.details }
  }
  const message = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
  return { code: undefined, message, details: {} }
}
