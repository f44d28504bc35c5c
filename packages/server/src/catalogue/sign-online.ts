import {
  makeTimestamp,
  nextSnapshot,
  nextVersion,
  readSigned,
  type SignedSnapshot,
  type SignedTimestamp,
} from '@steadfleet/authority'
import { toCanonical, toHex } from '@steadfleet/base'
import { ServerError } from '../error.ts'
import { bothOf, isRefusal, type SignerClient } from '../signer-client.ts'
import type { InForce } from './catalogue-folder.ts'

/** Who signs, and when it is. */
export interface Signing {
  /** Of a further catalogue, whose online keys are its own; absent for the first. */
  readonly name?: string
  readonly signer: () => SignerClient
  readonly now: () => Date
}

/** A file that the signer signed. */
export interface SignedFile {
  readonly version: number
  readonly bytes: Uint8Array
}

export function signSnapshot(
  options: Signing,
  { snapshot }: InForce,
  changed: ReadonlyMap<string, Uint8Array>,
): Promise<SignedFile> {
  const held = readSigned('snapshot', snapshot.bytes)
  return signRising(options, 'snapshot', nextSnapshot(held, changed, options.now()))
}

export async function signTimestamp(
  options: Signing,
  { timestamp }: InForce,
  snapshot: Uint8Array,
): Promise<Uint8Array> {
  const { version } = readSigned('timestamp', timestamp.bytes)
  const draft = makeTimestamp(version + 1, snapshot, options.now())
  return (await signRising(options, 'timestamp', draft)).bytes
}

/**
 * Signs a version, or the one after what the signer signed last: a crash may have come between its
 * signature and our file, and no version is ever signed twice.
 */
export async function signRising(
  options: Signing,
  role: 'snapshot' | 'timestamp',
  signed: SignedSnapshot | SignedTimestamp,
): Promise<SignedFile> {
  const named = options.name === undefined ? role : (`${role}@${options.name}` as const)
  const answer = await options.signer().sign(named, [toCanonical(signed)])
  if (!isRefusal(answer)) {
    const signatures = answer.flatMap(bothOf).map(({ keyid, sig }) => ({ keyid, sig: toHex(sig) }))
    return { version: signed.version, bytes: toCanonical({ signatures, signed }) }
  }
  if (answer.held !== undefined && answer.held >= signed.version) {
    const gap = { ...signed, version: answer.held }
    return signRising(options, role, nextVersion(gap, role, options.now()))
  }
  throw new ServerError('signer/unavailable', `cannot sign ${role}: ${answer.message}`)
}
