import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import type { Plugin } from 'esbuild'

/** One file of `packages` with one piece of it replaced, or taken out. */
export interface ChangedSource {
  readonly file: string
  readonly piece: string
  readonly by?: string
}

/** Builds with that change; refuses a piece that is not there, or more than once. */
export function changedSource({ file, piece, by = '' }: ChangedSource): Plugin {
  const filter = new RegExp(`[/]packages[/]${file.replaceAll('.', '[.]')}$`)
  return {
    name: `${file} changed`,
    setup(build) {
      build.onLoad({ filter }, ({ path }) => {
        const parts = readFileSync(path, 'utf8').split(piece)
        assert.equal(parts.length, 2, `${file} has ${piece} once`)
        return { contents: parts.join(by), loader: 'ts' }
      })
    },
  }
}
