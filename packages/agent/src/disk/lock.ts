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
  const database = new DatabaseSync(paths.lock)
  try {
    // Exclusive mode keeps SQLite's lock on the file until the connection closes.
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE; COMMIT',
    )
  } catch (cause) {
    database.close()
    const holder = holderOf(paths)
    const message = `cannot use ${paths.root}: process ${holder} holds it`
    throw new AgentError('agent/held', message, { holder, directory: paths.root }, { cause })
  }
  writeFileSync(paths.holder, `${pid}\n`)
  return {
    release() {
      rmSync(paths.holder, { force: true })
      database.close()
    },
  }
}

function holderOf(paths: Paths): string {
  try {
    return readFileSync(paths.holder, 'utf8').trim()
  } catch {
    // The holder's name is a courtesy: without it the refusal still stands.
    return 'unknown'
  }
}
