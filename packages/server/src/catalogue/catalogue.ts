import {
  makeTimestamp,
  nextSnapshot,
  nextVersion,
  readSigned,
  type SignedSnapshot,
  type SignedTimestamp,
} from '@steadfleet/authority'
import { toCanonical, toHex } from '@steadfleet/base'
import { acceptPublication, TrustError } from '@steadfleet/trust'
import { ServerError } from '../error.ts'
import { isRefusal, type SignerClient } from '../signer-client.ts'
import { type InForce, putInForce, readInForce } from './catalogue-folder.ts'

export interface CatalogueOptions {
  readonly folder: string
  readonly signer: () => SignerClient
  readonly now: () => Date
}

/** The catalogue as this server keeps it: it adds what publishers sign, and keeps it fresh. */
export interface Catalogue {
  inForce(): InForce
  /**
   * Puts the next version of a publisher's role in force. `check` sees the accepted role and the one
   * before it, and may refuse; after it, a snapshot and a timestamp that name the role are signed.
   */
  publish(
    role: string,
    bytes: Uint8Array,
    check: (accepted: Accepted) => Promise<void>,
  ): Promise<Accepted>
  /** Signs a newer snapshot or timestamp where the present one has lived half its life. */
  renew(): Promise<void>
}

/** A role that was accepted: its version and the target paths that are new in it. */
export interface Accepted {
  readonly version: number
  readonly added: readonly string[]
  readonly bytes: Uint8Array
}

export async function openCatalogue(options: CatalogueOptions): Promise<Catalogue> {
  let inForce = await readInForce(options.folder)
  let turn: Promise<unknown> = Promise.resolve()
  /** One at a time: each new set is made from the one before it. */
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const result = turn.then(act)
    turn = result.catch(() => undefined)
    return result
  }
  const put = async (versioned: ReadonlyMap<string, Uint8Array>, timestamp: Uint8Array) => {
    await putInForce(options.folder, versioned, timestamp)
    inForce = await readInForce(options.folder)
  }
  return {
    inForce: () => inForce,
    publish: (role, bytes, check) =>
      inTurn(async () => {
        const accepted = accept(inForce, role, bytes, options.now())
        await check(accepted)
        const snapshot = await signSnapshot(options, inForce, new Map([[role, bytes]]))
        const timestamp = await signTimestamp(options, inForce, snapshot.bytes)
        const files = new Map([
          [`${accepted.version}.${role}.json`, bytes],
          [`${snapshot.version}.snapshot.json`, snapshot.bytes],
        ])
        await put(files, timestamp)
        return accepted
      }),
    renew: () =>
      inTurn(async () => {
        const now = options.now()
        if (isFresh(inForce.snapshot.signed.expires, now, 3.5)) {
          if (isFresh(inForce.timestamp.signed.expires, now, 0.5)) return
          await put(new Map(), await signTimestamp(options, inForce, inForce.snapshot.bytes))
          return
        }
        const snapshot = await signSnapshot(options, inForce, new Map())
        const timestamp = await signTimestamp(options, inForce, snapshot.bytes)
        await put(new Map([[`${snapshot.version}.snapshot.json`, snapshot.bytes]]), timestamp)
      }),
  }
}

function isFresh(expires: Date, now: Date, days: number): boolean {
  return expires.getTime() - now.getTime() > days * 86_400_000
}

function accept(inForce: InForce, role: string, bytes: Uint8Array, now: Date): Accepted {
  const delegator = inForce.targets.signed
  const held = inForce.roles.get(role)?.signed
  const { version, targets } = inPublishersWords(() =>
    acceptPublication({ delegator, role, held, bytes, now }),
  )
  const added = [...targets.keys()].filter(path => !held?.targets.has(path))
  return { version, added, bytes }
}

/** Two refusals have names of their own for publishers, who know no delegations. */
function inPublishersWords<T>(act: () => T): T {
  try {
    return act()
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause
    const { message, details } = cause
    if (cause.code === 'trust/changed-release') {
      throw new ServerError('release/exists', message, details, { cause })
    }
    if (cause.code === 'trust/not-delegated') {
      throw new ServerError('release/outside-name-space', message, details, { cause })
    }
    throw cause
  }
}

interface SignedFile {
  readonly version: number
  readonly bytes: Uint8Array
}

function signSnapshot(
  options: CatalogueOptions,
  { snapshot }: InForce,
  changed: ReadonlyMap<string, Uint8Array>,
): Promise<SignedFile> {
  const held = readSigned('snapshot', snapshot.bytes)
  return signRising(options, 'snapshot', nextSnapshot(held, changed, options.now()))
}

async function signTimestamp(
  options: CatalogueOptions,
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
async function signRising(
  options: CatalogueOptions,
  role: 'snapshot' | 'timestamp',
  signed: SignedSnapshot | SignedTimestamp,
): Promise<SignedFile> {
  const answer = await options.signer().sign(role, [toCanonical(signed)])
  if (!isRefusal(answer)) {
    const signatures = answer.map(({ keyid, sig }) => ({ keyid, sig: toHex(sig) }))
    return { version: signed.version, bytes: toCanonical({ signatures, signed }) }
  }
  if (answer.held !== undefined && answer.held >= signed.version) {
    const gap = { ...signed, version: answer.held }
    return signRising(options, role, nextVersion(gap, role, options.now()))
  }
  throw new ServerError('signer/unavailable', `cannot sign ${role}: ${answer.message}`)
}
