import { existsSync } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromUtf8 } from '@steadfleet/base'
import type { Target } from '@steadfleet/trust'
import type { Home } from '../fleet/home.ts'
import { leafOf } from '../verify/log-link.ts'

/** What this machine has signed, a leaf of the log on each line: the monitor holds the log against it. */
const fileName = 'signed.jsonl'

/** Adds what is about to be signed; on the disk before anyone can have the signature. */
export async function noteSigned(
  { directory, catalogueRoot }: Pick<Home, 'directory' | 'catalogueRoot'>,
  targets: readonly Pick<Target, 'path' | 'digest' | 'length'>[],
): Promise<void> {
  const lines = targets.map(target => `${fromUtf8(leafOf(catalogueRoot, target))}\n`)
  const file = await open(join(directory, fileName), 'a')
  try {
    await file.write(lines.join(''))
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Every leaf that was signed here, and by other machines whose lists are named. */
export async function readSigned(
  { directory }: Pick<Home, 'directory'>,
  others: readonly string[],
): Promise<ReadonlySet<string>> {
  const own = join(directory, fileName)
  const files = [...(existsSync(own) ? [own] : []), ...others]
  const texts = await Promise.all(files.map(file => readFile(file, 'utf8')))
  return new Set(texts.flatMap(text => text.split('\n')).filter(line => line !== ''))
}
