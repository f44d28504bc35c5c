import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { binsOf, isBin } from '@steadfleet/authority'
import { type Metadata, type MetadataType, parseMetadata, type Snapshot } from '@steadfleet/trust'
import { ifThere, writeDurably } from '../disk/durable.ts'
import { ServerError } from '../error.ts'

type FileMeta = NonNullable<ReturnType<Snapshot['meta']['get']>>

/** The set of metadata that the timestamp names: what a client would see now. */
export interface InForce {
  readonly root: Metadata<'root'>
  readonly timestamp: Metadata<'timestamp'>
  readonly snapshot: Metadata<'snapshot'>
  readonly targets: Metadata<'targets'>
  /** Every publisher's role that the snapshot names, and the bins that it delegates to. */
  readonly roles: ReadonlyMap<string, Metadata<'targets'>>
}

/**
 * Reads the set in force; of what was in force `before`, only what has changed since. Files that no
 * timestamp names yet are left of a crash and do not count. A mirror may lack the role of a publisher
 * that was late.
 */
export async function readInForce(
  folder: string,
  absent: 'refused' | 'skipped' = 'refused',
  before?: InForce,
): Promise<InForce> {
  const timestamp = await read(folder, 'timestamp.json', 'timestamp')
  const { version } = timestamp.signed.meta['snapshot.json']
  const snapshot = await read(folder, `${version}.snapshot.json`, 'snapshot')
  const source = { folder, absent, snapshot, before }
  const named = [...snapshot.signed.meta.keys()].map(file => file.replace(/\.json$/, ''))
  const own = await readRoles(
    source,
    named.filter(role => !isBin(role)),
  )
  const bins = [...own.values()].flatMap(({ signed }) => [...binsOf(signed)])
  const roles = new Map([...own, ...(await readRoles(source, bins))])
  const targets = roles.get('targets')
  if (!targets) throw new ServerError('server/not-initialised', 'cannot read catalogue: no targets')
  roles.delete('targets')
  return { root: await readNewestRoot(folder), timestamp, snapshot, targets, roles }
}

interface RoleSource extends Pick<InForce, 'snapshot'> {
  readonly folder: string
  readonly absent: 'refused' | 'skipped'
  readonly before: InForce | undefined
}

async function readRoles(
  { folder, absent, snapshot, before }: RoleSource,
  names: readonly string[],
): Promise<Map<string, Metadata<'targets'>>> {
  const roles = new Map<string, Metadata<'targets'>>()
  for (const name of names) {
    const entry = `${name}.json`
    const meta = snapshot.signed.meta.get(entry)
    // A bin that the snapshot does not list is in force nowhere.
    if (meta === undefined) continue
    const held = isSame(before?.snapshot.signed.meta.get(entry), meta) && heldRole(before, name)
    // As the files are named in a repository: a foreign role with a slash leads nowhere else. TUF §6.2
    const file = `${meta.version}.${encodeURIComponent(name)}.json`
    const reading = held || read(folder, file, 'targets')
    const role = absent === 'skipped' ? await ifThere(Promise.resolve(reading)) : await reading
    if (role) roles.set(name, role)
  }
  return roles
}

function heldRole(before: InForce | undefined, name: string): Metadata<'targets'> | undefined {
  return name === 'targets' ? before?.targets : before?.roles.get(name)
}

function isSame(before: FileMeta | undefined, meta: FileMeta | undefined): boolean {
  return (
    before?.version === meta?.version &&
    before?.hashes?.sha256 !== undefined &&
    before.hashes.sha256 === meta?.hashes?.sha256
  )
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
