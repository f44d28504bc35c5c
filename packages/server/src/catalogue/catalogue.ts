import { acceptPublication, type CatalogueStep, refuseRevoked } from '@steadfleet/authority'
import { equalBytes } from '@steadfleet/base'
import { keyIdOf, topRole } from '@steadfleet/trust'
import { finishSet } from '../disk/file-set.ts'
import { applyStep } from './apply-step.ts'
import { type InForce, putInForce, readInForce } from './catalogue-folder.ts'
import { inPublishersWords } from './publishers-words.ts'
import { type Signing, signSnapshot, signTimestamp } from './sign-online.ts'

export interface CatalogueOptions extends Signing {
  readonly folder: string
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
  /**
   * Puts next versions of offline documents in force, all or none, with a snapshot and a timestamp
   * that hold under the roots before and after. What is in force already changes nothing.
   */
  apply(step: CatalogueStep): Promise<void>
  /** Signs a newer snapshot or timestamp before the present one has lived half its life. */
  renew(): Promise<void>
}

/** A role that was accepted: its version and the target paths that are new in it. */
export interface Accepted {
  readonly version: number
  readonly added: readonly string[]
  readonly bytes: Uint8Array
}

export async function openCatalogue(options: CatalogueOptions): Promise<Catalogue> {
  await finishSet(options.folder)
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
        const again = heldAgain(inForce, role, bytes)
        if (again) return again
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
    apply: step =>
      inTurn(async () => {
        await applyStep(options, inForce, step)
        inForce = await readInForce(options.folder)
      }),
    renew: () =>
      inTurn(async () => {
        const now = options.now()
        if (isGood(inForce, 'snapshot', now, 3.8)) {
          if (isGood(inForce, 'timestamp', now, 0.55)) return
          await put(new Map(), await signTimestamp(options, inForce, inForce.snapshot.bytes))
          return
        }
        const snapshot = await signSnapshot(options, inForce, new Map())
        const timestamp = await signTimestamp(options, inForce, snapshot.bytes)
        await put(new Map([[`${snapshot.version}.snapshot.json`, snapshot.bytes]]), timestamp)
      }),
  }
}

/** Good for so many days yet, and signed by a key that the root names: a crash may have come before. */
function isGood(
  { root, ...files }: InForce,
  role: 'snapshot' | 'timestamp',
  now: Date,
  days: number,
): boolean {
  const { expires } = files[role].signed
  if (expires.getTime() - now.getTime() <= days * 86_400_000) return false
  const named = new Set(topRole(root.signed, role).keys.map(keyIdOf))
  return files[role].signatures.some(({ keyid }) => named.has(keyid))
}

/** A role that is sent again, because the reply was lost, changes nothing. */
function heldAgain({ roles }: InForce, role: string, bytes: Uint8Array): Accepted | undefined {
  const held = roles.get(role)
  if (!held || !equalBytes(held.bytes, bytes)) return undefined
  return { version: held.signed.version, added: [], bytes }
}

function accept(inForce: InForce, role: string, bytes: Uint8Array, now: Date): Accepted {
  const delegator = inForce.targets.signed
  const held = inForce.roles.get(role)?.signed
  const accepted = inPublishersWords(() => acceptPublication({ delegator, role, held, bytes, now }))
  refuseRevoked(inForce.targets, role, accepted)
  const { version, targets } = accepted
  const added = [...targets.keys()].filter(path => !held?.targets.has(path))
  return { version, added, bytes }
}
