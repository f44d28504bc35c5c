import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toBase64 } from '@steadfleet/base'
import type { BodyOf, checkIn, ReplyOf } from '@steadfleet/protocol'
import type { Catalogues, Served } from './catalogues.ts'

type Held = NonNullable<BodyOf<typeof checkIn>['catalogues']>[string]
type Newer = NonNullable<ReplyOf<typeof checkIn>['catalogues']>

/** Of each catalogue named, what a device that holds these versions lacks; catalogues without are left out. */
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
  const { root, timestamp } = inForce() ?? {}
  const next = join(folder, `${held.root + 1}.root.json`)
  return {
    ...(root && root.signed.version > held.root && { root: toBase64(await readFile(next)) }),
    ...(timestamp &&
      timestamp.signed.version > held.timestamp && { timestamp: toBase64(timestamp.bytes) }),
  }
}
