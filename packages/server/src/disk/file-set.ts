import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBase64, toBase64, toUtf8 } from '@steadfleet/base'
import { ifThere, removeIfThere, syncFolder, writeDurably } from './durable.ts'

/**
 * Writes several files of a folder of which none counts without the others. They are in `intent`
 * together first: from then on a crash loses none, since the next start finishes the work.
 */
export async function writeSet(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const intent = Object.fromEntries([...files].map(([name, bytes]) => [name, toBase64(bytes)]))
  await writeDurably(join(folder, intentName), toUtf8(JSON.stringify(intent)))
  await finishSet(folder)
}

/** Finishes what a crash interrupted; to be called before anything else is read from the folder. */
export async function finishSet(folder: string): Promise<void> {
  const text = await ifThere(readFile(join(folder, intentName), 'utf8'))
  if (text === undefined) return
  const intent: Readonly<Record<string, string>> = JSON.parse(text)
  for (const [name, content] of Object.entries(intent)) {
    await writeDurably(join(folder, name), fromBase64(content))
  }
  await removeIfThere(join(folder, intentName))
  await syncFolder(folder)
}

/** No file that a client may ask for has this name. */
const intentName = 'intent'
