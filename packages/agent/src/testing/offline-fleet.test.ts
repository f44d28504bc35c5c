import { type Digest, toCanonical, toHexDigest } from '@steadfleet/base'
import { contentsOf, makeHeader, parseTree, writeBundle, writeOffline } from '@steadfleet/bundle'
import type { PretendFleet, Release } from './pretend-fleet.test.ts'

/** What an export of a pretend fleet holds for these releases and the order of now. */
export function documentsOf(
  fleet: PretendFleet,
  releases: readonly Release[],
): Map<string, Uint8Array> {
  const documents = new Map<string, Uint8Array>()
  if (fleet.order)
    documents.set(`/v1/devices/${fleet.deviceId}/order`, toCanonical({ ...fleet.order }))
  for (const [name, bytes] of fleet.owner) {
    const [version, kind] = name.split('.')
    if (kind === 'owner-root') documents.set(`/v1/owner/roots/${version}`, bytes)
    else documents.set('/v1/owner/policy', bytes)
  }
  for (const [name, files] of fleet.catalogues)
    for (const [file, bytes] of files) documents.set(`/v1/catalogues/${name}/${file}`, bytes)
  const trees = new Set(releases.map(({ record }) => record.tree.digest))
  const content = new Set(releases.flatMap(({ tree }) => contentsOf(tree).map(one => one.digest)))
  for (const [digest, bytes] of fleet.objects)
    if (trees.has(digest) || !content.has(digest)) documents.set(`/v1/objects/${digest}`, bytes)
  return documents
}

/** An export as one run of bytes. */
export async function exportOf(
  fleet: PretendFleet,
  releases: readonly Release[],
  documents = documentsOf(fleet, releases),
  bundle = bundleOf,
): Promise<Uint8Array> {
  const bundles = await Promise.all(
    releases.map(async ({ record }) => {
      const bytes = await bundle(fleet, record.tree.digest)
      return { tree: toHexDigest(record.tree.digest), length: bytes.length, content: once(bytes) }
    }),
  )
  return gathered(writeOffline({ documents, bundles }))
}

async function bundleOf(fleet: PretendFleet, tree: Digest): Promise<Uint8Array> {
  const refs = contentsOf(parseTree(fleet.objects.get(tree)!))
  const objects = refs.map(ref => ({ ...ref, content: once(fleet.objects.get(ref.digest)!) }))
  return gathered(writeBundle(objects, makeHeader(tree, refs)))
}

async function gathered(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const piece of pieces) chunks.push(piece)
  return Buffer.concat(chunks)
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes
}
