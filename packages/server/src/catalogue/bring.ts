import { createHash, randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Digest, parseStrictJson, sideBySide, toHexDigest } from '@steadfleet/base'
import { parseTree } from '@steadfleet/bundle'
import { type ObjectRef, parseReleaseRecord } from '@steadfleet/domain'
import { getObject } from '@steadfleet/protocol'
import { digestIn, type Targets } from '@steadfleet/trust'
import type { Static } from 'typebox'
import type { NewRelease } from '../acts/release.ts'
import type { KeptObjects } from '../content/object-store.ts'
import { removeIfThere, syncFolder } from '../disk/durable.ts'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { releasesAt } from '../store/release-store.ts'
import { partsOf, refuseOtherFields } from './check-release.ts'
import { type Mirror, orUnreachable } from './mirror.ts'
import { refuseDisallowed } from './refuse-disallowed.ts'

type Ref = Static<typeof ObjectRef>

/** The records of these target paths, brought here from the catalogue's server, and what they say. */
export async function bringRecords(
  objects: KeptObjects,
  mirror: Mirror,
  targets: Targets['targets'],
  paths: readonly string[],
): Promise<NewRelease[]> {
  const releases: NewRelease[] = []
  for (const path of paths) {
    const found = targets.get(path)
    if (!found) continue
    const { length, custom = {} } = found
    const digest = digestIn(found.hashes, path)
    await bringAll(objects, mirror, [{ digest, length }])
    const record = parseReleaseRecord(parseStrictJson(await objects.read(digest)))
    refuseOtherFields({ path, digest, length, custom }, record)
    releases.push({ record, digest, length })
  }
  return releases
}

/** Makes sure that a revision may be ordered: {@link refuseDisallowed}, and all it consists of is here. */
export async function bringRelease(house: House, name: string, revision: number): Promise<void> {
  await refuseDisallowed(house, name, revision)
  const { catalogues, content, store } = house
  const { objects } = content
  for (const { record, catalogue } of await releasesAt(store.db, name, revision)) {
    const served = catalogues.noted(catalogue)
    if (!served.mirror) continue
    await bringAll(objects, served.mirror, partsOf(record))
    const { entries } = parseTree(await objects.read(record.tree.digest))
    const files = entries.flatMap(one =>
      one.kind === 'file' ? [{ digest: one.digest, length: one.size }] : [],
    )
    await bringAll(objects, served.mirror, files)
  }
}

/** Brings what is not here; an object is here once its digest was checked and its name is durable. */
async function bringAll(objects: KeptObjects, mirror: Mirror, refs: readonly Ref[]): Promise<void> {
  const once = [...new Map(refs.map(ref => [ref.digest, ref])).values()]
  await sideBySide(once, async ref => {
    if ((await objects.lengthOf(ref.digest)) === ref.length) return
    await orUnreachable(mirror.source, bringOne(objects, mirror, ref))
  })
}

async function bringOne(
  objects: KeptObjects,
  { client }: Mirror,
  { digest, length }: Ref,
): Promise<void> {
  const path = join(objects.folder, objects.pathOf(digest))
  const draft = `${path}.${randomUUID()}.new`
  const { body } = await client.open(getObject, { params: { digest } })
  await mkdir(dirname(path), { recursive: true })
  try {
    const found = digestMeter(digest, length)
    await pipeline(Readable.from(body), found, createWriteStream(draft, { flush: true }))
    await objects.keep(digest, draft)
    await rename(draft, path)
  } finally {
    await removeIfThere(draft)
  }
  await syncFolder(dirname(path))
}

/** Lets through just the bytes of this digest: one too many, or another one, ends it. */
function digestMeter(digest: Digest, length: number): Transform {
  const hash = createHash('sha256')
  let seen = 0
  const refuse = (fact: string): ServerError => {
    const message = `cannot take object ${digest}: ${fact}`
    return new ServerError('content/wrong-digest', message, { digest })
  }
  return new Transform({
    transform(chunk: Uint8Array, _, done) {
      seen += chunk.length
      hash.update(chunk)
      done(seen > length ? refuse(`more than ${length} bytes came`) : null, chunk)
    },
    flush(done) {
      done(hash.digest('hex') === toHexDigest(digest) ? null : refuse('other bytes came'))
    },
  })
}
