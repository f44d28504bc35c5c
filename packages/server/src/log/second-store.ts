import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { TileStore } from '@steadfleet/authority'
import { equalBytes, fromUtf8 } from '@steadfleet/base'
import { type Checkpoint, type NoteKey, openCheckpoint, TrustError } from '@steadfleet/trust'
import { ifThere } from '../disk/durable.ts'
import { ServerError } from '../error.ts'
import { openTileFolder } from './tile-folder.ts'

/**
 * A log in two folders, the second on another disk or machine: whatever is written is in both before it
 * counts. The one that lags behind, for it is new or came from an older backup, is first made like the other.
 */
export async function openTwice(folder: string, second: string, key: NoteKey): Promise<TileStore> {
  const [first, other] = [openTileFolder(folder), openTileFolder(second)]
  await levelUp({ folder, store: first, key }, { folder: second, store: other, key })
  return {
    read: path => first.read(path),
    async write(path, content) {
      // The second first: the folder that is read never knows more than the one that must outlive it.
      await orUnreachable(second, other.write(path, content))
      await first.write(path, content)
    },
  }
}

interface Place {
  readonly folder: string
  readonly store: TileStore
  readonly key: NoteKey
}

async function levelUp(one: Place, other: Place): Promise<void> {
  const [ours, theirs] = [await signedIn(one), await orUnreachable(other.folder, signedIn(other))]
  const isOther =
    ours?.size === theirs?.size && ours && theirs && !equalBytes(ours.root, theirs.root)
  if (isOther) throw otherLog(other)
  const isBehind = (ours?.size ?? 0) < (theirs?.size ?? 0)
  const [from, to] = isBehind ? [other, one] : [one, other]
  await copyMissing(from, to)
}

async function signedIn(place: Place): Promise<Checkpoint | undefined> {
  const note = await place.store.read('signed')
  try {
    return note && openCheckpoint(place.key, fromUtf8(note))
  } catch (cause) {
    if (cause instanceof TrustError) throw otherLog(place, cause)
    throw cause
  }
}

function otherLog({ folder, key }: Place, cause?: unknown): ServerError {
  const message = `cannot keep the log in ${folder}: what it holds is not of log ${key.name}`
  return new ServerError('server/other-log', message, { folder }, { cause })
}

/** Tiles first, then what speaks of them, so that a copy that is cut short says no more than it holds. */
async function copyMissing(from: Place, to: Place): Promise<void> {
  const names =
    (await ifThere(readdir(from.folder, { recursive: true, withFileTypes: true }))) ?? []
  const tiles = names
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(from.folder.length + 1))
    .filter(path => path.startsWith('tile/') && !path.endsWith('.new'))
  for (const path of [...tiles, 'next', 'signed', 'checkpoint']) {
    const content = await from.store.read(path)
    if (content === undefined) continue
    const held = await to.store.read(path)
    if (!held || !equalBytes(held, content)) await to.store.write(path, content)
  }
}

async function orUnreachable<T>(folder: string, deed: Promise<T>): Promise<T> {
  try {
    return await deed
  } catch (cause) {
    if (cause instanceof ServerError) throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `cannot keep the log in the second store ${folder}: ${why}`
    throw new ServerError('log/second-store', message, { folder }, { cause })
  }
}
