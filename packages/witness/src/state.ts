import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Checkpoint, parseCheckpoint, parseNote, TrustError } from '@steadfleet/trust'
import { WitnessError } from './error.ts'

/** The last checkpoint that this witness cosigned, for each origin. */
export interface State extends Disposable {
  read(origin: string): Promise<Checkpoint | undefined>
  /** Resolves when the checkpoint's note will outlive a crash. */
  write(origin: string, note: string): Promise<void>
}

/**
 * Opens the folder of a witness's state, for this process alone: two that did not know of each other
 * could sign two trees that disagree.
 */
export async function openState(folder: string): Promise<State> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const lock = holdLock(join(folder, 'lock.db'))
  const pathOf = (origin: string) => join(folder, `${nameOf(origin)}.checkpoint`)
  return {
    read: async origin => parseHeld(origin, await readIfThere(pathOf(origin))),
    async write(origin, note) {
      const draft = `${pathOf(origin)}.new`
      await writeAndSync(draft, note)
      await rename(draft, pathOf(origin))
      // A rename is durable only when its folder is.
      await syncFolder(folder)
    },
    [Symbol.dispose]: () => lock.close(),
  }
}

/** The system releases the lock with the process, however that ends. */
function holdLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(path)
  try {
    lock.exec('PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    const message = `cannot witness with ${path}: another process does`
    throw new WitnessError('witness/held', message, {}, { cause })
  }
}

function parseHeld(origin: string, note: string | undefined): Checkpoint | undefined {
  if (note === undefined) return undefined
  try {
    const held = parseCheckpoint(parseNote(note).text)
    if (held.origin === origin) return held
    throw damaged(origin)
  } catch (cause) {
    // Nothing is signed again from nothing: whoever damaged the state may want just that.
    if (cause instanceof TrustError) throw damaged(origin, cause)
    throw cause
  }
}

function damaged(origin: string, cause?: unknown): WitnessError {
  const message = `cannot witness ${origin}: what is held of it is damaged`
  return new WitnessError('witness/state', message, { origin }, { cause })
}

function nameOf(origin: string): string {
  return createHash('sha256').update(origin).digest('hex')
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}

async function writeAndSync(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
