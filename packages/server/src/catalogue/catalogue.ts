import {
  acceptPublication,
  type CatalogueStep,
  heldOf,
  publisherOf,
  refuseRevoked,
  versionIn,
} from '@steadfleet/authority'
import { equalBytes, type JsonObject } from '@steadfleet/base'
import { keyIdOf, type Targets, topRole } from '@steadfleet/trust'
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
   * Puts next versions of a publisher's role, of bins of it, or of both in force: all of `files`, by role
   * name, or none. `check` sees what was accepted and may refuse; after it, a snapshot and a timestamp
   * that name the files are signed.
   */
  publish(
    publisher: string,
    files: ReadonlyMap<string, Uint8Array>,
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

/** What was accepted of a publisher. */
export interface Accepted {
  /** Of its role, as it is in force now. */
  readonly version: number
  /** Target paths that are new. */
  readonly added: readonly string[]
  /** What the accepted files say of every path in them. */
  readonly targets: Targets['targets']
  /** The signed part of its role, which names its builders. */
  readonly source: JsonObject
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
    inForce = await readInForce(options.folder, 'refused', inForce)
  }
  return {
    inForce: () => inForce,
    publish: (publisher, files, check) =>
      inTurn(async () => {
        const again = heldAgain(inForce, publisher, files)
        if (again) return again
        const { accepted, versioned } = accept(inForce, publisher, files, options.now())
        await check(accepted)
        const snapshot = await signSnapshot(options, inForce, files)
        const timestamp = await signTimestamp(options, inForce, snapshot.bytes)
        versioned.set(`${snapshot.version}.snapshot.json`, snapshot.bytes)
        await put(versioned, timestamp)
        return accepted
      }),
    apply: step =>
      inTurn(async () => {
        await applyStep(options, inForce, step)
        inForce = await readInForce(options.folder, 'refused', inForce)
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

/** What is sent again, because the reply was lost, changes nothing. */
function heldAgain(
  { roles }: InForce,
  publisher: string,
  files: ReadonlyMap<string, Uint8Array>,
): Accepted | undefined {
  const own = roles.get(publisher)
  const isHeld = [...files].every(([role, bytes]) => {
    const held = roles.get(role)
    return held !== undefined && publisherOf(role) === publisher && equalBytes(held.bytes, bytes)
  })
  if (!own || !isHeld) return undefined
  return { version: own.signed.version, added: [], targets: new Map(), source: own.source }
}

function accept(
  inForce: InForce,
  publisher: string,
  files: ReadonlyMap<string, Uint8Array>,
  now: Date,
): { readonly accepted: Accepted; readonly versioned: Map<string, Uint8Array> } {
  const held = new Map(
    [...heldOf(inForce, publisher)].map(([role, { signed }]) => [role, signed] as const),
  )
  const roles = inPublishersWords(() =>
    acceptPublication({
      ...{ publisher, held, files, now },
      delegator: inForce.targets.signed,
      versionOf: role => versionIn(inForce, role),
    }),
  )
  for (const [role, { signed }] of roles) refuseRevoked(inForce.targets, role, signed)
  const targets = new Map([...roles.values()].flatMap(({ signed }) => [...signed.targets]))
  const isThere = (path: string): boolean => [...held.values()].some(one => one.targets.has(path))
  const own = roles.get(publisher) ?? inForce.roles.get(publisher)
  const versioned = [...roles].map(
    ([role, { signed, bytes }]) => [`${signed.version}.${role}.json`, bytes] as const,
  )
  return {
    accepted: {
      version: own?.signed.version ?? 0,
      added: [...targets.keys()].filter(path => !isThere(path)),
      targets,
      source: own?.source ?? {},
    },
    versioned: new Map(versioned),
  }
}
