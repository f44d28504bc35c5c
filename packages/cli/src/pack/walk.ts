import type { Stats } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { BytesError, fromUtf8 } from '@steadfleet/base'
import { PackError } from './error.ts'
import { isExcluded } from './glob.ts'

/** One thing in a folder: `path` relative to the folder walked, `place` as the system wants it. */
export interface Walked {
  readonly path: string
  readonly place: Buffer
  readonly stats: Stats
}

/** All that a folder holds, sorted by the bytes of its names, so that it is the same everywhere. */
export async function* walk(
  folder: Buffer,
  exclude: readonly string[],
  prefix = '',
): AsyncGenerator<Walked> {
  const names = await readdir(folder, { encoding: 'buffer' })
  for (const bytes of names.sort(Buffer.compare)) {
    const path = prefix + decodeName(bytes, prefix)
    if (isExcluded(path, exclude)) continue
    const place = Buffer.concat([folder, Buffer.from('/'), bytes])
    const stats = await lstat(place)
    yield { path, place, stats }
    if (stats.isDirectory()) yield* walk(place, exclude, `${path}/`)
  }
}

/** Where a link leads. */
export async function readTarget(place: Buffer, path: string): Promise<string> {
  return decodeName(await readlink(place, { encoding: 'buffer' }), `${path} -> `)
}

function decodeName(bytes: Buffer, before: string): string {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    if (!(cause instanceof BytesError)) throw cause
    const shown = `${before}${bytes.toString('latin1')}`
    const message = `cannot pack ${JSON.stringify(shown)}: its name is not UTF-8`
    throw new PackError('pack/name', message, { path: shown }, { cause })
  }
}
