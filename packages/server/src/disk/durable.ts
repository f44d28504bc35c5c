import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rm, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** Writes a whole file that is there after a crash, or is not there at all; readers see no half. */
export async function writeDurably(path: string, content: Uint8Array, mode = 0o644): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  const draft = `${path}.${randomUUID()}.new`
  try {
    const file = await open(draft, 'wx', mode)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (cause) {
    await removeIfThere(draft)
    throw cause
  }
  await syncFolder(dirname(path))
}

/** Makes the names in a folder durable: a rename is one only after this. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Makes all that was written to the file system of `path` durable at once: one call for many files. */
export async function syncFileSystem(path: string): Promise<void> {
  await promisify(execFile)('sync', ['--file-system', path])
}

/** Removes what a crash left in a folder: names with this ending, which nothing else ever has. */
export async function removeLeftovers(folder: string, ending: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.endsWith(ending)) await rm(join(folder, name), { recursive: true, force: true })
  }
}

export async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT') throw cause
  })
}

/** The result of reading, or undefined where there is no such file. */
export async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
}
