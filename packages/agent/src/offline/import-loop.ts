import { watch } from 'node:fs'
import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toDocument } from '@steadfleet/base'
import { makeDirectories } from '../disk/durable.ts'
import { asCoded } from '../error.ts'
import type { NewEvent } from '../report/outbox.ts'
import { Bell, pause } from '../server/wake.ts'
import {
  type ImportContext,
  type Imported,
  type ImportProgress,
  importFile,
} from './import-file.ts'

export interface ImportLoop {
  readonly context: ImportContext
  readonly tell: (event: NewEvent) => Promise<void>
  readonly onOrder: () => void
  readonly stop: AbortSignal
}

/** What `NAME.result` says of the file that was named `NAME.sfo`. */
export type ImportResult =
  | ({ readonly state: 'imported' } & Imported)
  | { readonly state: 'refused'; readonly code: string; readonly message: string }

/** Nothing is due: only a new file is waited for. Below Node's longest timer. */
const longWaitMs = 2 ** 31 - 1

/** Imports each file that is named in the folder of imports, one after the other, for ever. */
export async function importForever(loop: ImportLoop): Promise<never> {
  const { paths, world } = loop.context
  await makeDirectories([paths.imports], 0o700)
  for (const name of await namesIn(paths.imports, /\.(result|progress)$/))
    await rm(join(paths.imports, name), { force: true })
  const bell = new Bell()
  const watcher = watch(paths.imports, () => bell.ring())
  try {
    for (;;) {
      for (const name of await namesIn(paths.imports, /\.sfo$/)) await importNamed(loop, name)
      await pause(world, longWaitMs, [bell], loop.stop)
    }
  } finally {
    watcher.close()
  }
}

async function namesIn(folder: string, like: RegExp): Promise<string[]> {
  return (await readdir(folder)).filter(name => like.test(name)).sort()
}

async function importNamed(loop: ImportLoop, name: string): Promise<void> {
  const { paths } = loop.context
  const base = join(paths.imports, name.slice(0, -'.sfo'.length))
  const onProgress = (progress: ImportProgress) =>
    void writeFile(`${base}.progress`, toDocument(progress)).catch(() => undefined)
  const result = await tryImport(loop, join(paths.imports, name), onProgress)
  // Before the answer is there: whoever waits for it may give the next file the same name.
  await rm(join(paths.imports, name), { force: true })
  await writeFile(`${base}.result.new`, toDocument(result))
  await rename(`${base}.result.new`, `${base}.result`)
}

async function tryImport(
  { context, tell, onOrder, stop }: ImportLoop,
  path: string,
  onProgress: (progress: ImportProgress) => void,
): Promise<ImportResult> {
  try {
    const imported = await importFile(context, path, { stop, onProgress })
    onOrder()
    const message = `took order ${imported.counter} from a file: ${imported.packages.join(', ')}`
    await tell({ kind: 'agent', message: message.slice(0, 1000) })
    return { state: 'imported', ...imported }
  } catch (error) {
    stop.throwIfAborted()
    context.suspect(error)
    const { code, message } = asCoded(error)
    return { state: 'refused', code, message }
  }
}
