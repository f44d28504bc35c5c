import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, rm, stat } from 'node:fs/promises'
import { type Digest, digestFromHex, isCoded } from '@steadfleet/base'
import type { TransportReply } from '@steadfleet/protocol'
import { withFile } from '../disk/durable.ts'
import { AgentError, isSystemError, orDiskFull } from '../error.ts'

export interface Download {
  /** Where the bytes go; what an earlier try left there is kept and gone on from. */
  readonly path: string
  /** No byte beyond it is ever written. */
  readonly limit: number
  /** Asks for the bytes from `offset` on; may answer with all of them. */
  readonly open: (offset: number) => Promise<TransportReply>
  /** Waits after each piece as long as the bandwidth that may be taken wants it. */
  readonly throttle?: (bytes: number) => Promise<void>
}

/** Fetches into a file, going on where an earlier try was cut off. Yields how many bytes came. */
export async function download(job: Download): Promise<number> {
  const held = await lengthOf(job.path)
  const reply = await job.open(held)
  const isRest = held > 0 && reply.status === 206 && startsAt(reply, held)
  try {
    return await withFile(job.path, isRest ? 'a' : 'w', 0o644, file =>
      writeBody(file, reply, isRest ? held : 0, job),
    )
  } catch (error) {
    // Of what is too long not even the beginning is worth going on from.
    if (isCoded(error, 'agent/too-long')) await rm(job.path, { force: true })
    throw orDiskFull(error)
  }
}

async function writeBody(
  file: FileHandle,
  reply: TransportReply,
  held: number,
  { limit, throttle }: Download,
): Promise<number> {
  let received = 0
  for await (const chunk of reply.body) {
    received += chunk.length
    if (held + received > limit) throw tooLong(limit)
    await file.write(chunk)
    await throttle?.(chunk.length)
  }
  return received
}

function tooLong(limit: number): AgentError {
  const message = `cannot fetch more than ${limit} bytes: the server sends on`
  return new AgentError('agent/too-long', message, { limit })
}

function startsAt({ headers }: TransportReply, offset: number): boolean {
  return headers['content-range']?.startsWith(`bytes ${offset}-`) ?? false
}

export async function lengthOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return 0
    throw error
  }
}

/** The digest of a file's content, read in pieces. */
export async function digestOfFile(path: string): Promise<Digest> {
  const hash: Hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk)
  return digestFromHex(hash.digest('hex'))
}

/** Refuses a fetched file that is not what was signed, and removes it: nothing of it is of use. */
export async function refuseOtherFile(path: string, digest: Digest, length: number): Promise<void> {
  const found = await lengthOf(path)
  const actual = await digestOfFile(path)
  if (actual === digest && found === length) return
  await rm(path, { force: true })
  if (found < length) {
    const message = `cannot take ${digest}: it is ${found} bytes of ${length}, and no more came`
    throw new AgentError('agent/too-short', message, { digest, length, found })
  }
  const message = `cannot take ${digest}: what came is ${actual}`
  throw new AgentError('agent/digest', message, { expected: digest, found: actual })
}
