import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Plugin } from 'esbuild'

/** One file of `packages` with one piece of it replaced, or taken out. */
export interface ChangedSource {
  readonly file: string
  readonly piece: string
  readonly by?: string
  /** Another piece that is taken out as well. */
  readonly without?: string
}

/** Builds with that change; refuses a piece that is not there, or more than once. */
export function changedSource({ file, piece, by = '', without }: ChangedSource): Plugin {
  const filter = new RegExp(`[/]packages[/]${file.replaceAll('.', '[.]')}$`)
  return {
    name: `${file} changed`,
    setup(build) {
      build.onLoad({ filter }, ({ path }) => {
        const whole = readFileSync(path, 'utf8')
        const rest = without === undefined ? whole : replaced(file, whole, without, '')
        return { contents: replaced(file, rest, piece, by), loader: 'ts' }
      })
    },
  }
}

function replaced(file: string, text: string, piece: string, by: string): string {
  const parts = text.split(piece)
  assert.equal(parts.length, 2, `${file} has ${piece} once`)
  return parts.join(by)
}
