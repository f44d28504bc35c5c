import {
  makeDelegatedRole,
  makeRoot,
  makeSnapshot,
  makeTargets,
  makeTimestamp,
  releaseTarget,
  type Signed,
  type Signer,
  signMetadata,
  spreadReleases,
  type TargetEntry,
} from '@steadfleet/authority'
import { pretendSigner } from '@steadfleet/authority/testing'
import { type Digest, digestOf, toUtf8 } from '@steadfleet/base'
import { parsePackageName } from '@steadfleet/domain'

/** A catalogue of so many releases, all in one publisher's role or in bins by their paths' digests. */
export interface Repository {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly firstRoot: Digest
  /** A release that is in it. */
  readonly path: string
}

const binBits = 8

/** Makes the catalogue; every file is named by its version, as clients ask for it. */
export async function makeRepository(
  releases: number,
  isBinned: boolean,
  now: Date,
): Promise<Repository> {
  const entries = entriesOf(releases)
  const [root, targets, acme, online] = ['root', 'targets', 'acme', 'online'].map(pretendSigner)
  if (!root || !targets || !acme || !online) throw new RangeError('cannot sign: a key is missing')
  const roleOf = ({ key }: Signer) => ({ keys: [key], threshold: 1 })
  const publisher = { name: 'acme', ...roleOf(acme) }
  const roles: [string, Signed, Signer][] = [['targets', makeTargets(1, [publisher], now), targets]]
  if (isBinned) roles.push(...binned(entries, acme, now))
  else roles.push(['acme', makeDelegatedRole(1, Object.fromEntries(entries), now), acme])
  const signed = new Map<string, Uint8Array>()
  for (const [name, document, signer] of roles)
    signed.set(name, await signMetadata(document, [signer]))
  const top = {
    root: roleOf(root),
    targets: roleOf(targets),
    snapshot: roleOf(online),
    timestamp: roleOf(online),
  }
  const rootFile = await signMetadata(makeRoot(1, top, now), [root])
  const snapshot = await signMetadata(makeSnapshot(1, signed, now), [online])
  const timestamp = await signMetadata(makeTimestamp(1, snapshot, now), [online])
  const named = [...signed].map(([name, bytes]) => [`1.${name}.json`, bytes] as const)
  const files = new Map([
    ...named,
    ['1.root.json', rootFile],
    ['1.snapshot.json', snapshot],
    ['timestamp.json', timestamp],
  ])
  return { files, firstRoot: digestOf(rootFile), path: entries[entries.length >> 1]?.[0] ?? '' }
}

function entriesOf(releases: number): [string, TargetEntry][] {
  return Array.from({ length: releases }, (_, i) => {
    const revision = (i % 100) + 1
    const name = parsePackageName(`acme/package-${Math.floor(i / 100)}`)
    const release = {
      package: name,
      revision,
      architecture: 'amd64',
      version: `${revision}.0`,
    } as const
    const { path, target } = releaseTarget(release, toUtf8(`record ${i}`))
    return [path, target]
  })
}

/** The publisher's role, which delegates to its bins, and each bin, as the publisher's command makes them. */
function binned(
  entries: readonly [string, TargetEntry][],
  acme: Signer,
  now: Date,
): [string, Signed, Signer][] {
  const by = { keys: [acme.key], threshold: 1 }
  const held = new Map([['acme', makeDelegatedRole(1, Object.fromEntries(entries), now)]])
  const spreading = { publisher: 'acme', by, versionOf: () => 1, now }
  return [...spreadReleases(spreading, held, binBits)].map(([name, one]) => [name, one, acme])
}
