import { inflateSync } from 'node:zlib'
import { type Digest, digestOf, fromBase64, toUtf8 } from '@steadfleet/base'
import { readDelta, toByteSource } from '@steadfleet/bundle'
import { filesOf } from '../seeds.ts'
import { type FuzzTarget, holds } from '../target.ts'

interface Base {
  readonly tree: Digest
  readonly bytes: number
  readonly from: string
  readonly objects: Readonly<Record<Digest, string>>
}

/** The reader of deltas: its header, its streams, its instructions, against a frozen older tree. */
export const deltaTarget: FuzzTarget = {
  name: 'bundle-delta',
  format: 'delta',
  codes: ['bundle/', 'tree/'],
  seeds: () => filesOf('delta/*.delta'),
  read: async bytes => {
    const { tree, bytes: limit, from, objects } = base()
    const target = {
      from: toUtf8(from),
      tree,
      bytes: limit,
      open: async (digest: Digest) =>
        toByteSource(new Uint8Array(inflateSync(fromBase64(objects[digest] ?? '')))),
    }
    let length = 0
    for await (const object of readDelta(toByteSource(bytes), target)) {
      const pieces: Uint8Array[] = []
      for await (const piece of object.content) pieces.push(new Uint8Array(piece))
      const content = new Uint8Array(Buffer.concat(pieces))
      holds(digestOf(content) === object.digest, 'content is what it is named')
      length += content.length
    }
    holds(length <= limit, 'no more is made than was allowed')
  },
}

let held: Base | undefined
function base(): Base {
  const [index = new Uint8Array()] = filesOf('delta/index.json')
  held ??= JSON.parse(Buffer.from(index).toString()) as Base
  return held
}
