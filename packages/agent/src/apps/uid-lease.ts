import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AppsError } from './error.ts'
import { isMissing } from './files.ts'

/** Uids no distribution and no container manager hands out: systemd leaves 1879113728 up unused. */
export const firstUid = 2_000_000_000
export const blockSize = 256
const blocks = 100_000

/** A block of uids that one state directory holds, so that agents on one machine share none. */
export interface UidLease {
  /** The uid of the package in `place`. */
  uidAt(place: number): number
  readonly size: number
  readonly block: number
  release(): void
}

/** Where the table of leases is; all agents of a machine use the same. */
export const leaseTable = '/run/steadfleet/uids'

/**
 * Leases a block for the holder of `stateDir`: the one it has already, else `preferred` if that is
 * free, else the first free one. A lease lives as long as its state directory or a process under
 * one of its uids; the table is a SQLite file, so that two agents cannot take one block.
 */
export function leaseUids(table: string, stateDir: string, preferred?: number): UidLease {
  mkdirSync(dirname(table), { recursive: true, mode: 0o755 })
  using leases = new LeaseTable(table)
  const block = leases.take(stateDir, preferred)
  const release = () => {
    using again = new LeaseTable(table)
    again.free(stateDir)
  }
  const uidAt = (place: number) => firstUid + block * blockSize + place
  return { uidAt, size: blockSize, block, release }
}

/** Who holds a directory: its path and the directory itself, since a path can be made again. */
function identityOf(stateDir: string): string | undefined {
  try {
    const { dev, ino } = statSync(stateDir)
    return `${dev}:${ino}`
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** The blocks of uids that state directories hold, whose agents may be away. */
export function heldBlocks(table: string): ReadonlySet<number> {
  using leases = new LeaseTable(table)
  return leases.held()
}

class LeaseTable implements Disposable {
  readonly #db: DatabaseSync

  constructor(path: string) {
    this.#db = new DatabaseSync(path, { timeout: 10_000 })
    this.#db.exec(
      'create table if not exists lease (block integer primary key, holder text unique, identity text)',
    )
  }

  take(holder: string, preferred: number | undefined): number {
    return this.#alone(() => {
      this.#sweep()
      const held = this.#blocks('where holder = ?', holder)[0]
      const block = held ?? firstFree(new Set(this.#blocks('')), preferred)
      this.#db
        .prepare('insert or replace into lease values (?, ?, ?)')
        .run(block, holder, identityOf(holder) ?? '')
      return block
    })
  }

  held(): ReadonlySet<number> {
    return this.#alone(() => {
      this.#sweep()
      return new Set(this.#blocks(''))
    })
  }

  free(holder: string): void {
    this.#alone(() => this.#db.prepare('delete from lease where holder = ?').run(holder))
  }

  [Symbol.dispose](): void {
    this.#db.close()
  }

  /** Frees what nobody holds: the state directory is gone, and nothing runs under its uids. */
  #sweep(): void {
    const rows = this.#db.prepare('select block, holder, identity from lease').all()
    const orphans = rows.filter(row => identityOf(String(row.holder)) !== row.identity)
    if (orphans.length === 0) return
    const living = livingBlocks()
    for (const { block } of orphans) {
      if (!living.has(Number(block)))
        this.#db.prepare('delete from lease where block = ?').run(Number(block))
    }
  }

  #blocks(where: string, ...values: string[]): number[] {
    const rows = this.#db.prepare(`select block from lease ${where}`).all(...values)
    return rows.map(row => Number(row.block))
  }

  #alone<T>(work: () => T): T {
    this.#db.exec('begin immediate')
    try {
      const result = work()
      this.#db.exec('commit')
      return result
    } catch (error) {
      this.#db.exec('rollback')
      throw error
    }
  }
}

/** Not one under whose uids something runs, even if nobody holds it: the table may have been lost. */
function firstFree(taken: ReadonlySet<number>, preferred: number | undefined): number {
  if (preferred !== undefined && !taken.has(preferred)) return preferred
  const living = livingBlocks()
  for (let block = 0; block < blocks; block += 1) {
    if (!taken.has(block) && !living.has(block)) return block
  }
  throw new AppsError('apps/no-uid', 'cannot lease uids: every block is taken', { blocks })
}

/** The blocks under whose uids something runs now. */
function livingBlocks(): Set<number> {
  const uids = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(ownerOf)
  return new Set(uids.map(blockOf))
}

function ownerOf(pid: string): number[] {
  try {
    return [statSync(`/proc/${pid}`).uid]
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** The block that a uid is of. */
export function blockOf(uid: number): number {
  return Math.floor((uid - firstUid) / blockSize)
}
