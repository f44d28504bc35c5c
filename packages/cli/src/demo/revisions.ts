import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { checkout } from '../process/checkout.ts'

/** The package of the story. */
export const greenhouse = 'acme/greenhouse'
const example = join(checkout, 'examples', 'greenhouse')

/** What each revision of the story is called; what it changes lies in `revisions/` of the example. */
const versions: Readonly<Record<number, string>> = { 1: '1.0.0', 2: '1.1.0', 3: '1.2.0' }

/** A copy of the example as `revision` has it: the folder a publisher would have at that time. */
export async function copyRevision(revision: number, into: string): Promise<string> {
  await rm(into, { recursive: true, force: true })
  await mkdir(into, { recursive: true })
  await cp(join(example, 'app'), join(into, 'app'), { recursive: true })
  if (revision > 1) {
    await cp(join(example, 'revisions', String(revision)), join(into, 'app'), { recursive: true })
  }
  const manifest = await readFile(join(example, 'steadfleet.yaml'), 'utf8')
  const modules = relative(into, join(checkout, 'node_modules'))
  const patched = manifest
    .replace(/^version: .*$/m, `version: ${versionOf(revision)}`)
    .replaceAll('../../node_modules', modules)
  await writeFile(join(into, 'steadfleet.yaml'), patched)
  return into
}

export function versionOf(revision: number): string {
  return versions[revision] ?? `1.${revision}.0`
}
