import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { acceptOwnerStep, type OwnerStep, toEnvelopeBytes } from '@steadfleet/authority'
import { type Digest, digestOf } from '@steadfleet/base'
import {
  type Envelope,
  keyIdOf,
  type OwnerRoot,
  ownerRole,
  parseEnvelopeBytes,
  reopenOwnerRoot,
  reopenPolicy,
  type TrustPolicy,
} from '@steadfleet/trust'
import { finishSet, writeSet } from './disk/file-set.ts'
import { ServerError } from './error.ts'
import type { SignerClient } from './signer-client.ts'

/** What the owner has signed: its roots, which lead from one to the next, and the policy in force. */
export interface Owner {
  /** Digest of the first root's file: what enrolment tokens carry. */
  readonly firstRoot: Digest
  /** The first root's file, byte for byte. */
  readonly firstRootFile: Uint8Array
  readonly rootVersion: number
  /** The newest root. */
  root(): OwnerRoot
  rootAt(version: number): Envelope | undefined
  policy(): { readonly envelope: Envelope; readonly signed: TrustPolicy }
  /**
   * Puts a next root, a next policy or both in force, all or none. What is in force already changes
   * nothing. Says whether orders must be signed anew, because another key directs.
   */
  apply(step: OwnerStep, now: Date): Promise<{ readonly isDirectedAnew: boolean }>
}

interface InForce {
  readonly roots: readonly Uint8Array[]
  readonly policy: Uint8Array
}

/** Reads the folder `owner/`: `N.owner-root.json` and `N.policy.json`. */
export async function openOwner(folder: string, signer: () => SignerClient): Promise<Owner> {
  await finishSet(folder)
  return readOwner(folder, signer)
}

/** The same, of a folder that another process may be writing to; without a signer nothing is put in force. */
export async function readOwner(
  folder: string,
  signer: () => SignerClient = () => {
    throw new ServerError('signer/unavailable', 'cannot sign: this process only reads')
  },
): Promise<Owner> {
  let inForce = await readInForce(folder)
  let policy = policyIn(inForce)
  let turn: Promise<unknown> = Promise.resolve()
  const firstRootFile = inForce.roots[0] ?? new Uint8Array()
  const owner: Owner = {
    firstRoot: digestOf(firstRootFile),
    firstRootFile,
    get rootVersion() {
      return inForce.roots.length
    },
    root: () => rootIn(inForce),
    rootAt: version => {
      const file = inForce.roots[version - 1]
      return file && parseEnvelopeBytes(file)
    },
    policy: () => policy,
    apply(step, now) {
      const result = turn.then(async () => {
        const before = directors(rootIn(inForce))
        const files = accepted(inForce, step, now)
        if (files.size > 0) await putInForce(folder, files, signer())
        inForce = await readInForce(folder)
        policy = policyIn(inForce)
        return { isDirectedAnew: before !== directors(rootIn(inForce)) }
      })
      turn = result.catch(() => undefined)
      return result
    },
  }
  return owner
}

/** The files of a step that may be in force, without those that are. */
function accepted(
  inForce: InForce,
  { root, policy }: OwnerStep,
  now: Date,
): Map<string, Uint8Array> {
  const newRoot = root && unlessHeld(inForce.roots.at(-1), root)
  const newPolicy = policy && unlessHeld(inForce.policy, policy)
  if (!newRoot && !newPolicy) return new Map()
  const { envelope, signed } = policyIn(inForce)
  const held = {
    owner: signed.owner,
    root: rootIn(inForce),
    policy: envelope,
    policySigned: signed,
  }
  const step = { ...(newRoot && { root: newRoot }), ...(newPolicy && { policy: newPolicy }) }
  const next = acceptOwnerStep(held, step, now)
  return new Map([
    ...fileOf(`${next.root.version}.owner-root.json`, newRoot),
    ...fileOf(`${next.policySigned.version}.policy.json`, newPolicy),
  ])
}

/** While the new root is on its way, the signer's orders hold under both. */
async function putInForce(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  signer: SignerClient,
): Promise<void> {
  const root = [...files].find(([name]) => name.endsWith('.owner-root.json'))?.[1]
  try {
    if (root) await signer.offerRoot(root)
    await writeSet(folder, files)
  } finally {
    if (root) await signer.look()
  }
}

function fileOf(name: string, envelope: Envelope | undefined): [string, Uint8Array][] {
  return envelope ? [[name, toEnvelopeBytes(envelope)]] : []
}

function unlessHeld(held: Uint8Array | undefined, offered: Envelope): Envelope | undefined {
  const isHeld = held && Buffer.compare(held, toEnvelopeBytes(offered)) === 0
  return isHeld ? undefined : offered
}

function directors(root: OwnerRoot): string {
  return ownerRole(root, 'director').keys.map(keyIdOf).sort().join()
}

async function readInForce(folder: string): Promise<InForce> {
  const roots = await readVersions(folder, 'owner-root')
  const policy = (await readVersions(folder, 'policy')).at(-1)
  if (roots.length > 0 && policy) return { roots, policy }
  throw new ServerError('server/not-initialised', `cannot serve: ${folder} holds no owner`)
}

function rootIn({ roots }: InForce): OwnerRoot {
  return reopenOwnerRoot(parseEnvelopeBytes(roots.at(-1) ?? new Uint8Array()))
}

function policyIn({ policy }: InForce): { envelope: Envelope; signed: TrustPolicy } {
  const envelope = parseEnvelopeBytes(policy)
  return { envelope, signed: reopenPolicy(envelope) }
}

/** Files `N.KIND.json` in the order of their versions. */
async function readVersions(folder: string, kind: string): Promise<Uint8Array[]> {
  const versions = (await readdir(folder)).flatMap(file => {
    const [version, ...rest] = file.split('.')
    return rest.join('.') === `${kind}.json` ? [Number(version)] : []
  })
  const sorted = versions.sort((a, b) => a - b)
  return Promise.all(
    sorted.map(
      async version => new Uint8Array(await readFile(join(folder, `${version}.${kind}.json`))),
    ),
  )
}
