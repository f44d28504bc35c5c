import { spawn } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { toHexDigest } from '@steadfleet/base'
import { PackError } from './error.ts'
import { isExcluded } from './glob.ts'
import { hashFile } from './hash.ts'
import type { OnProgress } from './progress.ts'
import type { Found, FoundFile } from './source.ts'

/** What a compressed file's name ends in, and what reads it. Node reads no xz: the command does. */
const formats: Readonly<Record<string, (path: string) => AsyncIterable<Uint8Array>>> = {
  '.gz': path => createReadStream(path).compose(createGunzip()),
  '.zst': path => createReadStream(path).compose(createZstdDecompress()),
  '.xz': path => outputOf('xz', ['--decompress', '--stdout'], path),
}

export interface UnpackContext {
  readonly cache: string
  readonly onProgress: OnProgress
}

/**
 * Files whose paths match a pattern, as what is compressed in them, under their name without its ending. A
 * delta then sees what two revisions share, which compression hides.
 */
export async function unpackMatching(
  found: readonly Found[],
  patterns: readonly string[],
  context: UnpackContext,
): Promise<{ readonly found: readonly Found[]; readonly count: number }> {
  if (patterns.length === 0) return { found, count: 0 }
  const unpacked: Found[] = []
  let count = 0
  for (const one of found) {
    const isWanted = one.kind === 'file' && isExcluded(one.path, patterns)
    if (isWanted) count++
    unpacked.push(isWanted ? await unpackFile(one, context) : one)
  }
  return { found: unpacked, count }
}

async function unpackFile(found: FoundFile, context: UnpackContext): Promise<FoundFile> {
  const ending = extname(found.path)
  const unpack = formats[ending]
  if (!unpack) {
    const known = Object.keys(formats).join(', ')
    throw cannotUnpack(found.path, `its name ends in none of ${known}`)
  }
  context.onProgress({ step: 'unpack', what: found.path })
  const folder = join(context.cache, 'unpacked')
  const content = join(folder, toHexDigest(found.digest))
  await mkdir(folder, { recursive: true })
  try {
    await pipeline(unpack(found.content), createWriteStream(`${content}.new`))
    await rename(`${content}.new`, content)
  } catch (cause) {
    await rm(`${content}.new`, { force: true })
    throw cannotUnpack(found.path, cause instanceof Error ? cause.message : String(cause), cause)
  }
  const { digest, size } = await hashFile(Buffer.from(content))
  return { ...found, path: found.path.slice(0, -ending.length), digest, size, content }
}

/** What a command makes of a file. */
async function* outputOf(
  command: string,
  args: readonly string[],
  path: string,
): AsyncGenerator<Uint8Array> {
  await using file = await open(path)
  const child = spawn(command, [...args], { stdio: [file.fd, 'pipe', 'pipe'] })
  const said: string[] = []
  child.stderr?.setEncoding('utf8').on('data', text => said.push(text))
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  // Heard of below; a command that is not there fails before its output ends.
  ended.catch(() => undefined)
  yield* child.stdout as AsyncIterable<Uint8Array>
  const code = await ended
  if (code !== 0) throw new Error(said.join('').trim() || `${command} ended with ${code}`)
}

function cannotUnpack(path: string, fact: string, cause?: unknown): PackError {
  return new PackError('pack/unpack', `cannot unpack ${path}: ${fact}`, { path }, { cause })
}
