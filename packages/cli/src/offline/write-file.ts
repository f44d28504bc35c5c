import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type Digest, toHexDigest } from '@steadfleet/base'
import { offlineLength, writeOffline } from '@steadfleet/bundle'
import { type Client, getBundle } from '@steadfleet/protocol'
import { CliError } from '../error.ts'
import type { Say } from '../progress.ts'
import type { OfflineDraft } from './gather-offline.ts'

/** A bundle that was fetched, or a part of it. */
interface Fetched {
  readonly path: string
  readonly length: number
}

/**
 * Writes the file, in memory that does not depend on its size. Bundles come first into a folder beside
 * it, where an export that was interrupted finds them again; the file gets its name when it is whole.
 */
export async function writeOfflineFile(
  client: Client,
  { documents, trees }: OfflineDraft,
  out: string,
  say: Say,
): Promise<{ readonly bytes: number }> {
  const parts = `${out}.parts`
  await mkdir(parts, { recursive: true })
  const bundles = []
  for (const tree of trees) {
    const { path, length } = await fetchBundle(client, tree, parts, say)
    bundles.push({ tree: toHexDigest(tree), length, content: createReadStream(path) })
  }
  const content = { documents, bundles }
  await writeWhole(out, writeOffline(content), say)
  await rm(parts, { recursive: true, force: true })
  return { bytes: offlineLength(content) }
}

async function fetchBundle(
  client: Client,
  tree: Digest,
  parts: string,
  say: Say,
): Promise<Fetched> {
  const path = join(parts, `${toHexDigest(tree)}.bundle`)
  const whole = `${path}.whole`
  const held = await lengthOf(whole)
  if (held !== undefined) return { path: whole, length: held }
  const length = await fetchRest(client, tree, path, say)
  await rename(path, whole)
  return { path: whole, length }
}

async function fetchRest(client: Client, tree: Digest, path: string, say: Say): Promise<number> {
  const held = (await lengthOf(path)) ?? 0
  const headers: Record<string, string> = held > 0 ? { range: `bytes=${held}-` } : {}
  const reply = await client.open(getBundle, { params: { tree }, query: {}, headers })
  const isRest = reply.status === 206
  const file = await open(path, isRest ? 'a' : 'w')
  let length = isRest ? held : 0
  try {
    for await (const piece of reply.body) {
      await file.write(piece)
      length += piece.length
      say(`read ${length} bytes of ${basename(path)}`)
    }
  } finally {
    await file.close()
  }
  return length
}

async function lengthOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size
}

async function writeWhole(out: string, bytes: AsyncIterable<Uint8Array>, say: Say): Promise<void> {
  const draft = `${out}.new`
  try {
    const file = await open(draft, 'w')
    try {
      let written = 0
      for await (const piece of bytes) {
        await file.write(piece)
        written += piece.length
        say(`write ${written} bytes`)
      }
      // Whoever is told that it is done pulls the stick out.
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, out)
  } catch (cause) {
    await rm(draft, { force: true })
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC')) throw cause
    const message = `cannot write ${out}: ${dirname(out)} is full`
    throw new CliError('cli/refused', message, { path: out }, { cause })
  }
}
