import { stat } from 'node:fs/promises'
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
