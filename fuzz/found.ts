import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { FuzzTarget } from './target.ts'
import type { Finding } from './try-input.ts'

const vectors = resolve(import.meta.dirname, '..', 'vectors')

/** A longer one is made again from its seed; a test of its own says what it showed. */
const longestKept = 64 * 1024

/** Keeps the input of a finding as `vectors/FORMAT/found-TARGET-DIGEST`, and says where. */
export function keepFinding({ format }: FuzzTarget, { target, input }: Finding): string {
  if (input.length > longestKept) return `${input.length} bytes, not kept`
  const digest = createHash('sha256').update(input).digest('hex').slice(0, 12)
  const folder = resolve(vectors, format)
  mkdirSync(folder, { recursive: true })
  const path = resolve(folder, `found-${target}-${digest}`)
  writeFileSync(path, input)
  return path
}

/** All inputs that were ever found for a target. */
export function foundFor({ format, name }: FuzzTarget): { file: string; input: Uint8Array }[] {
  return globSync(`${format}/found-${name}-*`, { cwd: vectors })
    .toSorted()
    .map(file => ({
      file: basename(file),
      input: new Uint8Array(readFileSync(resolve(vectors, file))),
    }))
}
