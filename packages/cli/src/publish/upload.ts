import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Digest } from '@steadfleet/base'
import { type Client, missingObjects, uploadOffset, uploadPart } from '@steadfleet/protocol'
import { CliError } from '../error.ts'
import { type PackedRelease, type WrittenBundle, writePacked } from '../pack/index.ts'

/** What an upload came to. */
export interface Uploaded {
  /** Objects that the server did not hold. */
  readonly objects: number
  /** Bytes of those objects, and of the bundle that carried them. */
  readonly bytes: number
  readonly sent: number
}

/** What is sent: objects, and the names under which their bundle goes. */
export type Sendable = Pick<PackedRelease, 'objects' | 'treeDigest' | 'recordDigest'>

/** Called as bytes arrive at the server. */
export type OnSent = (sent: number, total: number) => void

/** One request carries so much; what was sent before a break is not sent again. */
const partLength = 4 * 1024 * 1024

/** Sends the objects that the server lacks, as one bundle; an upload that broke off goes on. */
export async function uploadMissing(
  client: Client,
  packed: Sendable,
  onSent: OnSent,
): Promise<Uploaded> {
  const digests = [...packed.objects.keys()]
  const missing = new Set((await client.call(missingObjects, { body: { digests } })).missing)
  if (missing.size === 0) return { objects: 0, bytes: 0, sent: 0 }
  const scratch = await mkdtemp(join(tmpdir(), 'steadfleet-bundle-'))
  try {
    const file = join(scratch, 'bundle')
    const bundle = await writePacked(packed, file, missing)
    await send(client, file, bundle, onSent)
    return { objects: missing.size, bytes: lengthOf(packed, missing), sent: bundle.length }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function lengthOf({ objects }: Sendable, wanted: ReadonlySet<Digest>): number {
  return [...objects].reduce((sum, [name, { length }]) => sum + (wanted.has(name) ? length : 0), 0)
}

async function send(
  client: Client,
  path: string,
  bundle: WrittenBundle,
  onSent: OnSent,
): Promise<void> {
  const params = { digest: bundle.digest }
  let { offset, complete } = await client.call(uploadOffset, { params })
  const file = await open(path)
  try {
    while (!complete) {
      onSent(offset, bundle.length)
      const part = Buffer.alloc(Math.min(partLength, bundle.length - offset))
      const { bytesRead } = await file.read(part, 0, part.length, offset)
      refuseStandstill(bundle, offset, bytesRead)
      const query = { offset, length: bundle.length }
      const body = part.subarray(0, bytesRead)
      ;({ offset, complete } = await client.call(uploadPart, { params, query, body }))
    }
    onSent(bundle.length, bundle.length)
  } finally {
    await file.close()
  }
}

function refuseStandstill(
  { digest, length }: WrittenBundle,
  offset: number,
  bytesRead: number,
): void {
  if (bytesRead > 0) return
  const message = `cannot upload bundle ${digest}: the server has ${offset} of ${length} bytes and wants more`
  throw new CliError('cli/upload', message, { digest, offset, length })
}
