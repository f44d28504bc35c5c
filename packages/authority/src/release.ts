import { digestOf, type JsonObject, parseDigest, toHexDigest } from '@steadfleet/base'
import { parsePackageName, type ReleaseRecord, releasePath } from '@steadfleet/domain'
import { type ModelStatement, modelPath } from '@steadfleet/trust'
import { AuthorityError } from './error.ts'
import type { SignedTargets, TargetEntry } from './metadata.ts'

/** A target path and what the catalogue shall say of it. */
export interface NamedTarget {
  readonly path: string
  readonly target: TargetEntry
}

/** The catalogue's entry for some content. */
export function toTarget(content: Uint8Array, custom: JsonObject): TargetEntry {
  return {
    length: content.length,
    hashes: { sha256: toHexDigest(digestOf(content)) },
    custom,
  }
}

/** The entry of a release, from its record and the exact bytes of it. */
export function releaseTarget(
  release: Pick<ReleaseRecord, 'package' | 'revision' | 'architecture' | 'version'>,
  content: Uint8Array,
): NamedTarget {
  const { revision, architecture, version } = release
  const custom = { package: release.package, revision, architecture, version }
  return { path: releasePath(release), target: toTarget(content, custom) }
}

/** The entry of a model statement, from the statement and the exact bytes of it. */
export function modelTarget(
  statement: Pick<ModelStatement, 'model' | 'revision'>,
  content: Uint8Array,
): NamedTarget {
  const { model, revision } = statement
  const custom = { package: model, revision, architecture: 'all', type: 'model' }
  return { path: modelPath(statement), target: toTarget(content, custom) }
}

/** The role with one more release. A revision that exists keeps its content for ever. */
export function addRelease(
  signed: SignedTargets,
  path: string,
  target: TargetEntry,
): SignedTargets {
  refuseOtherPath(path)
  const held = signed.targets[path]
  if (held && held.hashes.sha256 !== target.hashes.sha256) {
    const [was, is] = [held, target].map(({ hashes }) => parseDigest(`sha256:${hashes.sha256}`))
    const message = `cannot publish ${path}: it is ${was} and was offered as ${is}`
    throw new AuthorityError('authority/changed-release', message, {
      path,
      held: String(was),
      offered: String(is),
    })
  }
  return { ...signed, targets: { ...signed.targets, [path]: target } }
}

/** `publisher/name/REVISION/ARCHITECTURE`, the one form that delegations cover. */
function refuseOtherPath(path: string): void {
  const [publisher, name, revision, architecture, ...rest] = path.split('/')
  parsePackageName(`${publisher}/${name}`)
  const isSpelled = /^[1-9]\d*$/.test(revision ?? '') && /^[a-z0-9]+$/.test(architecture ?? '')
  if (isSpelled && rest.length === 0) return
  throw new AuthorityError('authority/path', `cannot publish ${path}: no release path`, { path })
}
