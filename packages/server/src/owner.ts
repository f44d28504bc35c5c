import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toEnvelopeBytes } from '@steadfleet/authority'
import { type Digest, digestOf } from '@steadfleet/base'
import {
  acceptPolicy,
  type Envelope,
  type OwnerRoot,
  parseEnvelopeBytes,
  reopenOwnerRoot,
  reopenPolicy,
  type TrustPolicy,
} from '@steadfleet/trust'
import { writeDurably } from './disk/durable.ts'
import { ServerError } from './error.ts'

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
  /** Puts a newer policy in force, signed by the newest root. */
  putPolicy(envelope: Envelope, now: Date): Promise<TrustPolicy>
}

/** Reads the folder `owner/`: `N.owner-root.json` and `N.policy.json`. */
export async function openOwner(folder: string): Promise<Owner> {
  const roots = await readVersions(folder, 'owner-root')
  const policies = await readVersions(folder, 'policy')
  const [first] = roots
  const newest = roots.at(-1)
  let policyFile = policies.at(-1)
  if (!first || !newest || !policyFile) {
    throw new ServerError('server/not-initialised', `cannot serve: ${folder} holds no owner`)
  }
  const newestRoot: OwnerRoot = reopenOwnerRoot(parseEnvelopeBytes(newest))
  return {
    firstRoot: digestOf(first),
    firstRootFile: first,
    rootVersion: newestRoot.version,
    root: () => newestRoot,
    rootAt: version => {
      const file = roots[version - 1]
      return file && parseEnvelopeBytes(file)
    },
    policy: () => policyIn(policyFile ?? first),
    async putPolicy(envelope, now) {
      const held = policyIn(policyFile ?? first).signed
      const signed = acceptPolicy(newestRoot, held, envelope, { now })
      const bytes = toEnvelopeBytes(envelope)
      await writeDurably(join(folder, `${signed.version}.policy.json`), bytes)
      policyFile = bytes
      return signed
    },
  }
}

function policyIn(file: Uint8Array): { envelope: Envelope; signed: TrustPolicy } {
  const envelope = parseEnvelopeBytes(file)
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
