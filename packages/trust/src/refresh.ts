import type { Catalogue, RefreshOptions, Target, TargetFile } from './catalogue.ts'
import { makeFinder } from './delegation.ts'
import type { Floors } from './floor.ts'
import { refreshSnapshot, refreshTimestamp } from './freshness.ts'
import { digestIn } from './hashes.ts'
import type { Root, Snapshot, Timestamp } from './metadata.ts'
import { floorName, keySetName, topRole } from './role.ts'
import { refreshRoot } from './root.ts'
import { loadTargets } from './targets.ts'

/**
 * Brings what the store trusts up to date and yields a catalogue that is verified and fresh. TUF §5.
 * What was verified before a refusal is kept; nothing else is. Expired metadata in the store guards
 * against rollback and never stops newer from being fetched.
 */
export async function refreshCatalogue(options: RefreshOptions): Promise<Catalogue> {
  const root = await refreshRoot(options)
  const timestamp = await refreshTimestamp(options, root)
  const snapshot = await refreshSnapshot(options, root, timestamp)
  const source = { ...options, root, snapshot }
  const targets = await loadTargets(source, 'targets', topRole(root, 'targets'))
  const lookUp = makeFinder(source, targets)
  const top = [root, timestamp, snapshot, targets]
  return {
    versions: {
      root: root.version,
      timestamp: timestamp.version,
      snapshot: snapshot.version,
      targets: targets.version,
    },
    expires: new Date(Math.min(...top.map(({ expires }) => expires.getTime()))),
    floors: floorsOf(options.name, root, { timestamp, snapshot }),
    lookUp,
    find: async path => toTarget(await lookUp(path)),
  }
}

/**
 * Root and timestamp alone, from what a check-in brought: so a device that has nothing to fetch learns
 * of a freeze as soon as the timestamp has expired. TUF §5.3, §5.4.4
 */
export async function refreshTimes(options: RefreshOptions): Promise<Floors> {
  const root = await refreshRoot(options)
  return floorsOf(options.name, root, { timestamp: await refreshTimestamp(options, root) })
}

function toTarget(found: TargetFile | undefined): Target | undefined {
  if (found === undefined) return undefined
  const { path, length, hashes, custom, role, publisher } = found
  return { path, length, digest: digestIn(hashes, path), custom, role, publisher }
}

function floorsOf(
  name: string | undefined,
  root: Root,
  roles: { readonly timestamp: Timestamp; readonly snapshot?: Snapshot },
): Floors {
  const floors = new Map([[floorName(name, 'root'), root.version]])
  for (const role of ['timestamp', 'snapshot'] as const) {
    const version = roles[role]?.version
    if (version) floors.set(floorName(name, keySetName(root, role)), version)
  }
  return floors
}
