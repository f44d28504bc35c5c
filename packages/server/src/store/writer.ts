import type { MessagePort } from 'node:worker_threads'
import { CodedError, type Details } from '@steadfleet/base'
import { asDiskFull } from '../disk/full.ts'
import { type CommandName, commands } from './commands.ts'
import type { Db } from './schema.ts'
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

/** One connection through which commands write: a transaction a group, a savepoint a command. */
export interface Writing {
  readonly db: Db
  /** Begins a group: from here to its end nobody else writes. */
  begin(): Promise<void>
  /** Resolves when the group is on the disk. */
  commit(): Promise<void>
  /** Leaves a group that cannot be kept; never rejects. */
  rollback(): Promise<void>
  savepoint(): Promise<void>
  /** Keeps the command since the savepoint in its group. */
  release(): Promise<void>
  /** Undoes the command since the savepoint alone. */
  undo(): Promise<void>
  close(): Promise<void>
}

/**
 * Runs commands as they come, in groups: one transaction a group, one savepoint a command, and no
 * reply before the group is on the disk. A command that throws undoes itself alone.
 */
export function serveCommands(port: MessagePort, writing: Writing): void {
  const queue: Request[] = []
  let isRunning = false
  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      const replies = await runGroup(writing, queue.splice(0, groupSize))
      port.postMessage(replies)
    }
    isRunning = false
  }
  port.on('message', (requests: readonly Request[]) => {
    queue.push(...requests)
    if (isRunning) return
    isRunning = true
    // After this turn of the loop, so that all that has arrived goes into one group.
    setImmediate(() => void run())
  })
  port.on('close', () => void writing.close())
}

async function runGroup(writing: Writing, group: readonly Request[]): Promise<Reply[]> {
  try {
    await writing.begin()
    const replies: Reply[] = []
    for (const request of group) replies.push(await runOne(writing, request))
    await writing.commit()
    return replies
  } catch (fault) {
    await writing.rollback()
    return group.map(({ id }) => ({ id, refusal: toRefusal(fault) }))
  }
}

async function runOne(writing: Writing, request: Request): Promise<Reply> {
  await writing.savepoint()
  try {
    const run = commands[request.name] as (db: Db, input: unknown) => Promise<unknown>
    const output = await runTold(writing.db, request, run)
    await writing.release()
    return { id: request.id, output }
  } catch (fault) {
    await writing.undo()
    return { id: request.id, refusal: toRefusal(fault) }
  }
}

export function toRefusal(thrown: unknown): Refusal {
  const fault = asDiskFull(thrown) ?? thrown
  if (fault instanceof CodedError) {
    return { code: fault.code, message: fault.message, details: fault.details }
  }
  const message = fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)
  return { code: undefined, message, details: {} }
}
