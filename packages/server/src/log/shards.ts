import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fromUtf8, toHex } from '@steadfleet/base'
import type { LogShard } from '@steadfleet/protocol'
import {
  chosenLog,
  type LogChoice,
  type PublicKey,
  parseCheckpoint,
  parseNote,
} from '@steadfleet/trust'
import { openTileFolder } from './tile-folder.ts'

/** The folder of a shard below the data directory, and below the second store: `log`, then `log.2`. */
export function shardFolder(shard: number): string {
  return shard === 1 ? 'log' : `log.${shard}`
}

/** The name that a shard goes by. docs/formats/log.md */
export function shardName(origin: string, shard: number): string {
  return shard === 1 ? origin : `${origin}/${shard}`
}

/** The shard that the owner's policy names; undefined where it names no log of this key. */
export function shardChosen(
  origin: string,
  chosen: LogChoice,
  { keyval }: PublicKey,
): number | undefined {
  const wanted = chosenLog(chosen)?.key
  if (wanted === undefined || toHex(wanted.raw) !== keyval.public) return undefined
  if (wanted.name === origin) return 1
  if (!wanted.name.startsWith(`${origin}/`)) return undefined
  const shard = /^([2-9]|[1-9][0-9]{1,3})$/.exec(wanted.name.slice(origin.length + 1))?.[1]
  return shard === undefined ? undefined : Number(shard)
}

/** The shards of which there are files, in the order in which they were opened. */
export async function shardsIn(folder: string): Promise<number[]> {
  const shards = (await readdir(folder)).flatMap(name => {
    const [, shard = '1'] = /^log(?:\.([2-9]|[1-9][0-9]{1,3}))?$/.exec(name) ?? [undefined, '']
    return shard === '' ? [] : [Number(shard)]
  })
  return shards.filter(one => existsSync(join(folder, shardFolder(one)))).sort((a, b) => a - b)
}

/** How far each shard was published, for whoever reads them all; one that never was is left out. */
export async function viewShards(folder: string, open: number): Promise<LogShard[]> {
  const views: LogShard[] = []
  for (const shard of await shardsIn(folder)) {
    const note = await openTileFolder(join(folder, shardFolder(shard))).read('checkpoint')
    if (note === undefined) continue
    const { origin, size } = parseCheckpoint(parseNote(fromUtf8(note)).text)
    views.push({ shard, origin, size, isOpen: shard === open })
  }
  return views
}
