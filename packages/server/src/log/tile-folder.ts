import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TileStore } from '@steadfleet/authority'
import { ifThere, writeDurably } from '../disk/durable.ts'

/** The files of a log in a folder, laid out as C2SP tlog-tiles names them. */
export function openTileFolder(folder: string): TileStore {
  return {
    async read(path) {
      const bytes = await ifThere(readFile(join(folder, path)))
      return bytes && new Uint8Array(bytes)
    },
    write: (path, content) => writeDurably(join(folder, path), content),
  }
}
