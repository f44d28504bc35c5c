import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Digest, toUtf8 } from '@steadfleet/base'
import { heldVersions } from './times.ts'
import type { TrustState } from './trust-state.ts'

const file = (version: number): Uint8Array => toUtf8(`{"signed":{"version":${version}}}`)
const torn = toUtf8('{"signed":')

const rows: [title: string, has: Has, held: { root: number; timestamp: number }][] = [
  ['nothing yet but its first root', { first: file(1) }, { root: 1, timestamp: 0 }],
  ['a first root that is not the catalogue’s first', { first: file(4) }, { root: 4, timestamp: 0 }],
  ['a torn root', { first: file(1), root: torn, timestamp: file(7) }, { root: 1, timestamp: 7 }],
  ['all of it', { first: file(1), root: file(5), timestamp: file(7) }, { root: 5, timestamp: 7 }],
  ['nothing at all', {}, { root: 0, timestamp: 0 }],
]
for (const [title, has, held] of rows)
  test(`a device that has ${title} asks from root ${held.root} on`, async () => {
    assert.deepEqual(await heldVersions(trustWith(has)), { acme: held })
  })

interface Has {
  readonly first?: Uint8Array
  readonly root?: Uint8Array
  readonly timestamp?: Uint8Array
}

/** As much of what a device believes as is asked here. */
function trustWith({ first, root, timestamp }: Has): TrustState {
  const files = new Map([
    ['root.json', root],
    ['timestamp.json', timestamp],
  ])
  const trust = {
    heldPolicy: { catalogues: [{ name: 'acme', root: 'sha256:' as Digest }] },
    catalogueFiles: () => ({ read: async (name: string) => files.get(name) }),
    firstRootFile: async () => first,
  }
  return trust as unknown as TrustState
}
