import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Metadata, type MetadataType, parseMetadata } from '@steadfleet/trust'
import { ifThere, writeDurably } from '../disk/durable.ts'
import { ServerError } from '../error.ts'

/** The set of metadata that the timestamp names: what a client would see now. */
export interface InForce {
  readonly root: Metadata<'root'>
  readonly timestamp: Metadata<'timestamp'>
  readonly snapshot: Metadata<'snapshot'>
  readonly targets: Metadata<'targets'>
  /** Every delegated role that the snapshot names. */
  readonly roles: ReadonlyMap<string, Metadata<'targets'>>
}

/**
 * Reads the set in force. Files that no timestamp names yet are left of a crash and do not count. A
 * mirror may lack the role of a publisher that was late.
 */
export async function readInForce(
  folder: string,
  absent: 'refused' | 'skipped' = 'refused',
): Promise<InForce> {
  const timestamp = await read(folder, 'timestamp.json', 'timestamp')
  const { version } = timestamp.signed.meta['snapshot.json']
  const snapshot = await read(folder, `${version}.snapshot.json`, 'snapshot')
  const roles = new Map<string, Metadata<'targets'>>()
  for (const [file, meta] of snapshot.signed.meta) {
    const reading = read(folder, `${meta.version}.${file}`, 'targets')
    const role = absent === 'skipped' ? await ifThere(reading) : await reading
    if (role) roles.set(file.replace(/\.json$/, ''), role)
  }
  const targets = roles.get('targets')
  if (!targets) throw new ServerError('server/not-initialised', 'cannot read catalogue: no targets')
  roles.delete('targets')
  return { root: await readNewestRoot(folder), timestamp, snapshot, targets, roles }
}

/** Versioned files first, the timestamp last: who reads meanwhile sees the old set or the new one. */
export async function putInForce(
  folder: string,
  versioned: ReadonlyMap<string, Uint8Array>,
  timestamp: Uint8Array,
): Promise<void> {
  for (const [file, bytes] of versioned) await writeDurably(join(folder, file), bytes)
  await writeDurably(join(folder, 'timestamp.json'), timestamp)
}

async function readNewestRoot(folder: string): Promise<Metadata<'root'>> {
  const versions = (await readdir(folder)).flatMap(file => {
    const version = /^([1-9]\d*)\.root\.json$/.exec(file)?.[1]
    return version ? [Number(version)] : []
  })
  return read(folder, `${Math.max(1, ...versions)}.root.json`, 'root')
}

async function read<T extends MetadataType>(
  folder: string,
  file: string,
  type: T,
): Promise<Metadata<T>> {
  return parseMetadata(type, new Uint8Array(await readFile(join(folder, file))))
}
