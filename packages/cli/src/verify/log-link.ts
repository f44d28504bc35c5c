import type { Digest } from '@steadfleet/base'
import { toTimestamp } from '@steadfleet/domain'
import {
  acceptLogged,
  chosenLog,
  isNoteSignedBy,
  type LogLeaf,
  type LogPolicy,
  logDigest,
  type Note,
  type NoteKey,
  parseLogProof,
  parseNote,
  type Target,
  toLeaf,
} from '@steadfleet/trust'
import { VerifyError } from './error.ts'
import type { Link } from './link.ts'
import type { LoggedEvidence } from './release-evidence.ts'

/** Which log counts: the digest of its policy, `none` in so many words, or undefined: nobody said. */
export type PinnedLog = Digest | 'none' | undefined

/** That the log holds the release, and who saw the log. docs/formats/log.md */
export function verifyLogged(
  logged: LoggedEvidence | undefined,
  pinned: PinnedLog,
  catalogue: Digest,
  target: Target,
): Link {
  refuseOtherLog(logged, pinned)
  const policy = logged && chosenLog(logged.choice)
  if (!logged || !policy) return noLog(pinned)
  const proof = parseLogProof(logged.proof)
  const { origin, size } = acceptLogged(policy, undefined, proof, leafOf(catalogue, target))
  const note = parseNote(proof.checkpoint)
  const seen = policy.witnesses
    .filter(key => isNoteSignedBy(note, key))
    .map(key => toSeen(note, key))
  return {
    name: 'log',
    says: [
      `log ${origin} holds the release as entry ${proof.index} of ${size}`,
      ...seen.map(({ name, at }) => `witness ${name} saw that log on ${at}`),
      ...warnings(policy, pinned),
    ],
    facts: {
      origin,
      index: proof.index,
      size,
      quorum: policy.quorum,
      witnesses: seen.map(({ name, at }) => `${name} ${at}`),
      pinned: pinned !== undefined,
    },
  }
}

function warnings({ quorum }: LogPolicy, pinned: PinnedLog): string[] {
  return [
    ...(quorum === 0
      ? ['no witness is asked for: the log’s keeper alone vouches that it is one log']
      : []),
    ...(pinned === undefined ? ['nobody told this program that this log counts; --log does'] : []),
  ]
}

/** A file may have been robbed of its proof: only who was told `none` knows that there is no log. */
function noLog(pinned: PinnedLog): Link {
  const fact =
    pinned === 'none'
      ? 'no log: the owner follows none, so nobody attests when the release was made'
      : 'no log is in this evidence; if there should be one, --log refuses what lacks it'
  return { name: 'log', says: [fact], facts: { origin: 'none', pinned: pinned !== undefined } }
}

function refuseOtherLog(logged: LoggedEvidence | undefined, pinned: PinnedLog): void {
  const found = logged ? logDigest(logged.choice) : 'none'
  if (pinned === undefined || pinned === found) return
  const message = `cannot trust the log: its policy is ${found}, not ${pinned}`
  throw new VerifyError('verify/log', message, { found, pinned })
}

/** A cosignature begins with the second in which it was made. C2SP tlog-cosignature */
function toSeen(
  { signatures }: Note,
  key: NoteKey,
): { readonly name: string; readonly at: string } {
  const own = signatures.find(({ name, keyId }) => name === key.name && keyId === key.keyId)
  const seconds = Buffer.from(own?.bytes ?? new Uint8Array(8)).readBigUInt64BE()
  return { name: key.name, at: toTimestamp(new Date(Number(seconds) * 1000)) }
}

/** A release's leaf: what it says follows from the verified catalogue alone. */
export function leafOf(
  catalogue: Digest,
  { path, digest, length }: Pick<Target, 'path' | 'digest' | 'length'>,
): Uint8Array {
  return toLeaf({ type: 'release', catalogue, path: path as ReleasePath, digest, length })
}

type ReleasePath = Extract<LogLeaf, { type: 'release' }>['path']
