import { setTimeout as wait } from 'node:timers/promises'
import { isCoded } from '@steadfleet/base'
import { lockFolder } from '../disk/lock.ts'
import { ServerError } from '../error.ts'
import { type Connection, connect } from '../store/postgres-connection.ts'

/** Held by the process that does the work, for as long as its connection lasts. The number is ours alone. */
const workLock = 7_310_582
const retryMs = 500
/** So long the database may take to find out that a process which was killed is gone. */
const mostTries = 40

export interface ClaimOptions {
  readonly folder: string
  readonly pid: number
  /** The URL of the database. */
  readonly place: string
  /** Somebody else took over while the database was away: this process may do nothing more. */
  readonly onLost: () => void
}

/**
 * Claims the work of a server: the files of its data directory, by a lock of the kernel, and the database, by one of
 * PostgreSQL's that ends with its connection. Undefined where another process on the same directory has it. Errors:
 * `server/locked` where it has another directory.
 */
export async function claimWork(options: ClaimOptions): Promise<AsyncDisposable | undefined> {
  const { folder, pid, place } = options
  await using kept = new AsyncDisposableStack()
  const lock = await lockFolder(folder, pid).catch(fault => {
    if (isCoded(fault, 'server/locked')) return undefined
    throw fault
  })
  if (!lock) return undefined
  kept.use(lock)
  let isLeft = false
  let connection: Connection | undefined
  const hold = async (): Promise<void> => {
    connection = await connect(place, undefined, () => {
      if (!isLeft) void holdAgain()
    })
    await untilHeld(connection)
  }
  const holdAgain = async (): Promise<void> => {
    await wait(retryMs, undefined, { ref: false })
    if (isLeft) return
    await hold().catch(fault => {
      if (isCoded(fault, 'server/locked')) options.onLost()
      else void holdAgain()
    })
  }
  kept.defer(async () => {
    isLeft = true
    await connection?.[Symbol.asyncDispose]()
  })
  await hold()
  return kept.move()
}

async function untilHeld(connection: Connection): Promise<void> {
  for (let i = 0; i < mostTries; i += 1) {
    const { rows } = await connection.ask(`select pg_try_advisory_lock(${workLock}) as held`)
    if ((rows as { held: boolean }[])[0]?.held) return
    await wait(retryMs)
  }
  const message =
    'cannot serve: a server on another data directory does the work of this database already'
  throw new ServerError('server/locked', message)
}
