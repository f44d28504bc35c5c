import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toBase64 } from '@steadfleet/base'
import type { BodyOf, checkIn, ReplyOf } from '@steadfleet/protocol'
import type { Catalogues, Served } from './catalogues.ts'

type Held = NonNullable<BodyOf<typeof checkIn>['catalogues']>[string]
type Newer = NonNullable<ReplyOf<typeof checkIn>['catalogues']>

/** The most roots that one reply brings; a device that slept longer hears of the rest in the next. */
const mostRoots = 32

/** Of each catalogue named, what a device that holds these versions lacks; of the others, nothing. */
export async function newerThan(
  catalogues: Catalogues,
  held: Readonly<Record<string, Held>>,
): Promise<Newer> {
  const newer: Newer = {}
  for (const served of catalogues.all()) {
    const own = Object.hasOwn(held, served.name) ? held[served.name] : undefined
    const files = own && (await filesAfter(served, own))
    if (files && Object.keys(files).length > 0) newer[served.name] = files
  }
  return newer
}

async function filesAfter({ folder, inForce }: Served, held: Held): Promise<Newer[string]> {
  const now = inForce()
  if (now === undefined) return {}
  const { root, timestamp } = now
  const count = Math.min(mostRoots, Math.max(0, root.signed.version - held.root))
  const versions = Array.from({ length: count }, (_, i) => held.root + 1 + i)
  const roots = await Promise.all(
    versions.map(version => readFile(join(folder, `${version}.root.json`))),
  )
  const isNewer = timestamp.signed.version > held.timestamp
  return {
    ...(count > 0 && { roots: roots.map(toBase64) }),
    ...(isNewer && { timestamp: toBase64(timestamp.bytes) }),
  }
}
