import type { Digest } from '@steadfleet/base'
import type { ReleaseRecord } from '@steadfleet/domain'
import {
  buildersOf,
  type Lock,
  type LockedSource,
  type OpenedProvenance,
  openProvenance,
  parseLock,
} from '@steadfleet/evidence'
import { keyIdOf } from '@steadfleet/trust'
import type { Published } from './catalogue-links.ts'
import { VerifyError } from './error.ts'
import { toCount } from './link.ts'
import type { Read } from './record-links.ts'
import { neededObject, objectIn, type ReleaseEvidence } from './release-evidence.ts'

/** Who built the release, by a signature that the publisher counts. */
export function verifyProvenance(
  evidence: ReleaseEvidence,
  record: ReleaseRecord,
  { role, signed }: Published,
): Read<OpenedProvenance> {
  const envelope = neededObject(evidence, 'the provenance', record.provenance.digest)
  const builders = buildersOf(signed)
  if (builders === undefined) {
    const message = `cannot tell who may build for ${role}: its role names no builders`
    throw new VerifyError('verify/builders', message, { role })
  }
  const value = openProvenance(envelope, builders, record)
  const { builder, signer, commit, command } = value
  const keyid = keyIdOf(signer.key)
  return {
    value,
    link: {
      name: 'provenance',
      says: [
        `builder ${builder.id} (steadfleet ${builder.version}) signed it with key ${keyid.slice(0, 12)}, which ${role} counts`,
        ...(signer.retired ? ['that builder is retired: nothing new of it counts'] : []),
        `it ran ${command.join(' ')}`,
        commit
          ? `sources: git commit ${commit.commit}${commit.isClean ? '' : ', with changes'}${commit.repository ? ` of ${commit.repository}` : ''}`
          : 'sources: no git commit',
      ],
      facts: {
        builder: builder.id,
        keyid,
        retired: signer.retired === true,
        command,
        commit: commit?.commit ?? null,
      },
    },
  }
}

/** What went in, by digest, and that the lock says the same. */
export function verifyInputs(
  evidence: ReleaseEvidence,
  provenance: OpenedProvenance,
): Read<Lock | undefined> {
  const bytes = provenance.lock && objectIn(evidence, provenance.lock)
  const lock = bytes && parseLock(bytes)
  if (lock) refuseOtherInputs(lock, provenance)
  const { inputs } = provenance
  const debian = inputs.filter(({ uri }) => uri?.startsWith('pkg:deb/')).length
  return {
    value: lock,
    link: {
      name: 'inputs',
      says: [
        `${toCount(debian, 'Debian package')} and ${toCount(inputs.length - debian, 'folder or file', 'folders or files')}, each by digest`,
        lock
          ? `the lock that repeats the build is ${provenance.lock}`
          : 'no lock is here to repeat the build by',
      ],
      facts: {
        debian,
        folders: inputs.length - debian,
        lock: provenance.lock ?? null,
        manifest: provenance.manifest,
        inputs: inputs.map(({ name, digest }) => `${name} ${digest}`),
      },
    },
  }
}

/** Lock and provenance are both the builder's word; one that says two things is not believed. */
function refuseOtherInputs(lock: Lock, { inputs, manifest }: OpenedProvenance): void {
  const builds = Object.values(lock.builds)
  const locked = builds.flatMap(({ sources }) => sources.flatMap(digestsOf)).sort()
  const stated = inputs.map(({ digest }) => digest).sort()
  const isSame = locked.length === stated.length && locked.every((one, i) => one === stated[i])
  if (isSame && lock.manifest === manifest && builds.length === 1) return
  const message = 'cannot trust the lock: its inputs are not those of the provenance'
  throw new VerifyError('verify/lock', message)
}

function digestsOf(source: LockedSource): Digest[] {
  return 'directory' in source ? [source.digest] : source.packages.map(({ digest }) => digest)
}
