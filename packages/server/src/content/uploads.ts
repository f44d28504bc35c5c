import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, isCoded, toHexDigest, toUtf8 } from '@steadfleet/base'
import {
  ifThere,
  removeIfThere,
  removeLeftovers,
  syncFolder,
  writeDurably,
} from '../disk/durable.ts'
import { ServerError } from '../error.ts'
import type { ContentWorker } from './content-worker.ts'

/** How far an upload is: bytes that will still be there after a crash. */
export interface UploadState {
  readonly offset: number
  readonly complete: boolean
}

export interface Part {
  readonly offset: number
  /** Of the whole bundle. */
  readonly length: number
  readonly bytes: Uint8Array
}

/** Bundles on their way in, each named by the digest it shall have. */
export interface Uploads {
  stateOf(digest: Digest): Promise<UploadState>
  /** Adds bytes where the last part ended; with the last of them the objects are stored. */
  add(digest: Digest, part: Part): Promise<UploadState>
}

export interface UploadOptions {
  readonly folder: string
  readonly objects: string
  readonly worker: ContentWorker
}

/** Of one bundle: its objects together, unpacked, and how many there may be. */
const limits = { objects: 500_000, bytes: 16 * 1024 ** 3 }

export async function openUploads(options: UploadOptions): Promise<Uploads> {
  await mkdir(options.folder, { recursive: true })
  await removeLeftovers(options.folder, '.staging')
  const turns = new Map<Digest, Promise<unknown>>()
  /** One act of one upload at a time: two parts that overlap can't both be the next. */
  const inTurn = (digest: Digest, act: () => Promise<UploadState>): Promise<UploadState> => {
    const turn = (turns.get(digest) ?? Promise.resolve()).then(act)
    const settled = turn.catch(() => undefined)
    turns.set(digest, settled)
    void settled.then(() => {
      if (turns.get(digest) === settled) turns.delete(digest)
    })
    return turn
  }
  return {
    stateOf: digest => inTurn(digest, () => resume(options, digest)),
    add: (digest, part) => inTurn(digest, () => add(options, digest, part)),
  }
}

/** The files of one upload: its bytes so far, their number when all are there, and that all were. */
function filesOf({ folder }: UploadOptions, digest: Digest) {
  const base = join(folder, toHexDigest(digest))
  return { part: `${base}.part`, length: `${base}.length`, done: `${base}.done`, base }
}

async function stateOf(options: UploadOptions, digest: Digest): Promise<UploadState> {
  const { part, done } = filesOf(options, digest)
  const offset = (await ifThere(stat(part)))?.size ?? 0
  return { offset, complete: (await ifThere(stat(done))) !== undefined }
}

/** A crash may have come between the last byte and the objects: what is whole is finished first. */
async function resume(options: UploadOptions, digest: Digest): Promise<UploadState> {
  const held = await stateOf(options, digest)
  const length = Number(await ifThere(readFile(filesOf(options, digest).length, 'utf8')))
  if (held.complete || held.offset === 0 || held.offset !== length) return held
  await finish(options, digest)
  return { offset: length, complete: true }
}

async function add(options: UploadOptions, digest: Digest, part: Part): Promise<UploadState> {
  const files = filesOf(options, digest)
  const held = await stateOf(options, digest)
  if (held.complete) return { offset: part.length, complete: true }
  refuseOtherOffset(held.offset, part)
  if (part.offset === 0) await writeDurably(files.length, toUtf8(String(part.length)))
  await append(files.part, part)
  const offset = part.offset + part.bytes.length
  if (offset < part.length) return { offset, complete: false }
  await finish(options, digest)
  return { offset, complete: true }
}

async function finish(options: UploadOptions, digest: Digest): Promise<void> {
  const { part, length, done, base } = filesOf(options, digest)
  const { worker, objects } = options
  const job = { bundle: part, digest, objects, staging: `${base}.staging`, limits }
  try {
    await worker.run({ explode: job })
  } catch (cause) {
    // What is damaged stays so: the next try begins at the first byte.
    if (isCoded(cause)) await removeIfThere(part)
    throw cause
  }
  await writeDurably(done, new Uint8Array())
  await removeIfThere(part)
  await removeIfThere(length)
}

function refuseOtherOffset(held: number, { offset, length, bytes }: Part): void {
  if (length > limits.bytes) {
    const message = `cannot take upload of ${length} bytes: at most ${limits.bytes} are taken`
    throw new ServerError('content/too-large', message, { limit: limits.bytes })
  }
  if (offset === held && offset + bytes.length <= length) return
  const message = `cannot add at ${offset}: the upload is ${held} bytes long`
  throw new ServerError('content/wrong-offset', message, { offset: held })
}

async function append(path: string, { offset, bytes }: Part): Promise<void> {
  const file = await open(path, offset === 0 ? 'w' : 'r+')
  try {
    for (let done = 0; done < bytes.length; ) {
      const left = bytes.length - done
      done += (await file.write(bytes, done, left, offset + done)).bytesWritten
    }
    await file.sync()
  } finally {
    await file.close()
  }
  if (offset === 0) await syncFolder(join(path, '..'))
}
