import type { BigIntStats } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyReply } from 'fastify'
import { ifThere } from '../disk/durable.ts'
import { unknown } from '../error.ts'

export interface SentFile {
  readonly root: string
  readonly path: string
  /** Of content that never changes: its own name. Absent, the file's time and length are its tag. */
  readonly etag?: string
  /** What it is, should it not be there. */
  readonly what: string
}

/** Sends a file with its ETag, honouring Range and If-None-Match. */
export async function sendFile(
  reply: FastifyReply,
  { root, path, etag, what }: SentFile,
): Promise<void> {
  if (!(await ifThere(stat(join(root, path))))) throw unknown('content/unknown', what)
  const isFixed = etag !== undefined
  if (isFixed) reply.header('etag', `"${etag}"`)
  if (isFixed && reply.request.headers['if-none-match'] === `"${etag}"`) {
    reply.code(304).send()
    return
  }
  reply.header('cache-control', isFixed ? 'public, max-age=31536000, immutable' : 'no-cache')
  if (reply.getHeader('content-type') === undefined && isFixed) {
    reply.type('application/octet-stream')
  }
  reply.sendFile(path, root, { etag: !isFixed, cacheControl: false, dotfiles: 'allow' })
}

/**
 * Sends a file in whose place another may be put meanwhile. It is opened once, so that tag, length and bytes
 * are of the same file; and it is sent whole, since a part would be one of some file.
 */
export async function sendReplaced(
  reply: FastifyReply,
  { root, path, what }: Omit<SentFile, 'etag'>,
): Promise<void> {
  const file = await ifThere(open(join(root, path)))
  if (!file) throw unknown('content/unknown', what)
  const held = await file.stat({ bigint: true })
  const etag = tagOf(held)
  reply.headers({ etag, 'cache-control': 'no-cache' })
  if (reply.request.headers['if-none-match'] === etag) {
    await file.close()
    reply.code(304).send()
    return
  }
  // The stream closes what it reads, however it ends.
  reply.header('content-length', Number(held.size)).send(file.createReadStream())
}

function tagOf({ ino, mtimeNs, size }: BigIntStats): string {
  return `"${[ino, mtimeNs, size].map(part => part.toString(36)).join('-')}"`
}
