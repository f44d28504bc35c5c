import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const vectors = resolve(import.meta.dirname, '..', 'vectors')

/** The files of a folder of vectors as they are. */
export function filesOf(pattern: string): Uint8Array[] {
  return globSync(pattern, { cwd: vectors })
    .toSorted()
    .map(name => new Uint8Array(readFileSync(resolve(vectors, name))))
}

/** Every string of the JSON vectors that is itself a document of the format, without doubles. */
export function documentsIn(pattern: string, isWanted: (text: string) => boolean): Uint8Array[] {
  const texts = filesOf(pattern).flatMap(bytes =>
    stringsIn(JSON.parse(Buffer.from(bytes).toString())),
  )
  return [...new Set(texts.filter(isWanted))].map(text => new Uint8Array(Buffer.from(text)))
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(stringsIn)
}

export function toJsonBytes(value: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(JSON.stringify(value) ?? ''))
}
