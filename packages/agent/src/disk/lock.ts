import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { AgentError } from '../error.ts'
import type { Paths } from './paths.ts'

/** The right to work on a state directory. The kernel gives it back when the process ends, however. */
export interface Lock {
  release(): void
}

/** Takes the directory, or refuses and says who has it. */
export function takeLock(paths: Paths, pid: number): Lock {
  const database = lockedDatabase(paths)
  writeFileSync(paths.holder, `${pid}\n`)
  return {
    release() {
      rmSync(paths.holder, { force: true })
      database.close()
    },
  }
}

function lockedDatabase(paths: Paths): DatabaseSync {
  try {
    return lockFile(paths.lock)
  } catch (cause) {
    if (!isTorn(cause)) throw held(paths, cause)
    // It is read only once it is locked: so nobody holds it, and nothing in it is of worth.
    rmSync(paths.lock)
    return lockFile(paths.lock)
  }
}

function lockFile(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  try {
    // Exclusive mode keeps SQLite's lock on the file until the connection closes.
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE; COMMIT',
    )
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. SQLite, "Result and Error Codes" */
function isTorn(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && [11, 26].includes(Number(error.errcode))
}

function held(paths: Paths, cause: unknown): AgentError {
  const holder = holderOf(paths)
  const message = `cannot use ${paths.root}: process ${holder} holds it`
  return new AgentError('agent/held', message, { holder, directory: paths.root }, { cause })
}

function holderOf(paths: Paths): string {
  try {
    return readFileSync(paths.holder, 'utf8').trim()
  } catch {
    // The holder's name is a courtesy: without it the refusal still stands.
    return 'unknown'
  }
}
