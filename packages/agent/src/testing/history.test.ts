import {
  growLog,
  proveLogged,
  releaseTarget,
  type TileStore,
  toLogProofText,
} from '@steadfleet/authority'
import {
  pretendCosigned,
  pretendOrigin,
  pretendSigner,
  pretendTiles,
} from '@steadfleet/authority/testing'
import { digestOf, toHex } from '@steadfleet/base'
import {
  envelopeDigest,
  type LogLeaf,
  leafHash,
  parseEnvelopeBytes,
  toLeaf,
} from '@steadfleet/trust'
import type { PretendFleet, Release } from './pretend-fleet.test.ts'

/** One history of the pretend log: its tiles, its newest checkpoint, and where each leaf stands. */
export class History {
  readonly store: TileStore = pretendTiles()
  readonly #places = new Map<string, number>()
  #note = ''

  async add(...leaves: Uint8Array[]): Promise<this> {
    const keeper = { store: this.store, origin: pretendOrigin, signer: pretendSigner('log') }
    const { first, note } = await growLog(keeper, leaves)
    this.#note = note
    for (const [i, leaf] of leaves.entries()) this.#places.set(toHex(leafHash(leaf)), first + i)
    return this
  }

  async prove(
    hash: string,
    held: number,
    witnesses: readonly string[] = bothWitnesses,
  ): Promise<string | undefined> {
    const place = this.#places.get(hash)
    if (place === undefined) return undefined
    const note = await pretendCosigned(this.#note, witnesses)
    const size = Number(this.#note.split('\n')[1])
    return toLogProofText(await proveLogged(this.store, note, place, held > size ? 0 : held))
  }
}

export const bothWitnesses = ['w1', 'w2']

type ReleasePath = Extract<LogLeaf, { type: 'release' }>['path']

/** Leaves of what a pretend fleet signs, as its honest log writes them. */
export const leaves = {
  release: (fleet: PretendFleet, { record, recordBytes }: Release): Uint8Array =>
    targetLeaf(fleet, releaseTarget(record, recordBytes).path, recordBytes),
  model: (fleet: PretendFleet): Uint8Array => {
    const content = [...fleet.objects.values()].find(bytes =>
      Buffer.from(bytes).includes('"type":"model"'),
    )
    if (!content) throw new TypeError('the fleet has no model')
    return targetLeaf(fleet, fleet.model, content)
  },
  owner: (fleet: PretendFleet, version = 1): Uint8Array => {
    const digest = envelopeDigest(
      parseEnvelopeBytes(fleet.owner.get(`${version}.owner-root.json`)!),
    )
    return toLeaf({ type: 'owner', digest })
  },
  root: (fleet: PretendFleet, version: number): Uint8Array => {
    const digest = digestOf(fleet.catalogue.get(`${version}.root.json`)!)
    return toLeaf({ type: 'root', catalogue: catalogueOf(fleet), version, digest })
  },
}

function targetLeaf(fleet: PretendFleet, path: string, content: Uint8Array): Uint8Array {
  const named = { type: 'release', path: path as ReleasePath } as const
  const digest = digestOf(content)
  return toLeaf({ ...named, catalogue: catalogueOf(fleet), digest, length: content.length })
}

function catalogueOf({ catalogue }: PretendFleet) {
  return digestOf(catalogue.get('1.root.json')!)
}
