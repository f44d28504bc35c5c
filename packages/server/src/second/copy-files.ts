import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { equalBytes } from '@steadfleet/base'
import { ifThere, syncFileSystem, writeDurably } from '../disk/durable.ts'
import { ServerError } from '../error.ts'

/** The paths of all files below a folder, without drafts of writes that a crash cut short. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = (await ifThere(readdir(folder, { recursive: true, withFileTypes: true }))) ?? []
  const paths = entries
    .filter(entry => entry.isFile() && !entry.name.endsWith('.new'))
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
  return paths.sort()
}

/**
 * Copies objects that are not there yet, each whole or not at all: a copy that was cut short is gone on with.
 * `check` reads each one again and refuses what is not what its name says.
 */
export async function copyObjects(
  from: string,
  to: string,
  { check }: { readonly check: boolean },
): Promise<void> {
  const held = new Set(await filesBelow(to))
  const missing = (await filesBelow(from)).filter(path => !held.has(path))
  if (missing.length === 0) return
  for (const folder of new Set(missing.map(dirname))) {
    await mkdir(join(to, folder), { recursive: true })
  }
  const drafts: string[] = []
  for (const path of missing) {
    const draft = join(to, `${path}.new`)
    await rm(draft, { force: true })
    const found = await copyHashed(join(from, path), draft)
    if (check && found !== path.split(sep).at(-1)) throw damaged(join(from, path))
    drafts.push(path)
  }
  // All content is on the disk before the first has its name, and all names are before this returns.
  await syncFileSystem(to)
  for (const path of drafts) await rename(join(to, `${path}.new`), join(to, path))
  await syncFileSystem(to)
}

/**
 * Makes a folder of signed files like another. Those that name others come last, so that a copy which is
 * cut short never names what it lacks. Where `only` is given, these files alone.
 */
export async function copySigned(
  from: string,
  to: string,
  only?: readonly string[],
): Promise<void> {
  const paths = only ?? (await filesBelow(from))
  const last = paths.filter(path => namesOthers(path))
  for (const path of [...paths.filter(one => !namesOthers(one)), ...last]) {
    const content = await ifThere(readFile(join(from, path)))
    if (content === undefined) continue
    const held = await ifThere(readFile(join(to, path)))
    if (!held || !equalBytes(held, content)) await writeDurably(join(to, path), content)
  }
}

function namesOthers(path: string): boolean {
  return ['timestamp.json', 'intent', 'next', 'signed', 'checkpoint'].includes(
    path.split(sep).at(-1) ?? '',
  )
}

async function copyHashed(from: string, to: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(
    createReadStream(from),
    async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        hash.update(chunk)
        yield chunk
      }
    },
    createWriteStream(to, { mode: 0o644 }),
  )
  return hash.digest('hex')
}

function damaged(path: string): ServerError {
  const message = `cannot restore ${path}: it is not what its name says`
  return new ServerError('server/damaged-copy', message, { path })
}

/** Whether there is anything at a path. */
export async function isThere(path: string): Promise<boolean> {
  return (await ifThere(stat(path))) !== undefined
}
