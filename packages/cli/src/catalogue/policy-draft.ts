import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Draft,
  draftOwner,
  type OwnerFiles,
  signDraft,
  toEnvelopeBytes,
  toStatementBytes,
} from '@steadfleet/authority'
import { parseStrictJson } from '@steadfleet/base'
import {
  acceptPolicy,
  type OwnerRoot,
  ownerRole,
  parseEnvelopeBytes,
  reopenOwnerRoot,
  reopenPolicy,
  type TrustPolicy,
  trustPolicy,
} from '@steadfleet/trust'
import { applyDraft } from '../ceremony/apply.ts'
import { heldOwner } from '../ceremony/held.ts'
import { CliError } from '../error.ts'
import type { Home } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { signersAmong } from './signers.ts'

/** The policy in force, and what it shall be. */
export interface PolicyDraft {
  /** The owner's documents in force, as signed. */
  readonly owner: OwnerFiles
  readonly root: OwnerRoot
  readonly held: TrustPolicy
  /** Of the next version; the same in all else where nothing was drafted. */
  readonly next: TrustPolicy
  readonly isChanged: boolean
}

/**
 * The policy in force, signed by the owner root and no older than this machine saw before, and the draft
 * of the next one. The draft lies in the fleet's folder until it is applied.
 */
export async function openPolicyDraft({ home, client }: Fleet): Promise<PolicyDraft> {
  const owner = await heldOwner({ home, client })
  const root = reopenOwnerRoot(owner.root)
  const held = acceptPolicy(root, await lastSeen(home), owner.policy)
  await writeFile(seenFile(home), toEnvelopeBytes(owner.policy))
  const drafted = await readDraft(home)
  if (drafted && drafted.version !== held.version + 1) {
    const message = `cannot go on with the drafted policy: version ${held.version} is in force meanwhile`
    const hint = `remove ${draftFile(home)} and say again what shall change`
    throw new CliError('cli/refused', message, { drafted: drafted.version, hint })
  }
  const next = drafted ?? { ...held, version: held.version + 1 }
  return { owner, root, held, next, isChanged: drafted !== undefined }
}

/** Keeps what the policy shall be. */
export async function savePolicyDraft(home: Home, next: TrustPolicy): Promise<void> {
  await writeFile(draftFile(home), toStatementBytes(next))
}

/** What was drafted, for the owner's keys to sign, wherever they are. Errors: `cli/refused` for nothing. */
export async function toOwnerDraft(fleet: Fleet, now: Date): Promise<Draft> {
  const { owner, next, isChanged } = await openPolicyDraft(fleet)
  if (!isChanged) throw new CliError('cli/refused', 'cannot sign a policy: nothing was drafted')
  return draftOwner(owner, { roles: new Map(), policy: [], drafted: next }, now)
}

/** Signs the draft with the owner's keys on this machine, at their threshold, and puts it in force. */
export async function applyPolicyDraft(fleet: Fleet, now: Date): Promise<TrustPolicy> {
  const { home, client } = fleet
  const draft = await toOwnerDraft(fleet, now)
  const { root } = await openPolicyDraft(fleet)
  const signers = await signersAmong(home, 'the owner root', ownerRole(root, 'root'))
  const signatures = await Promise.all(signers.map(signer => signDraft(draft, signer)))
  await applyDraft(client, draft, signatures, { now, say: () => undefined })
  await forgetPolicyDraft(home)
  return (await openPolicyDraft(fleet)).held
}

/** Once it is in force there is nothing drafted any more. */
export async function forgetPolicyDraft(home: Home): Promise<void> {
  await rm(draftFile(home), { force: true })
}

async function lastSeen(home: Home): Promise<TrustPolicy | undefined> {
  if (!existsSync(seenFile(home))) return undefined
  return reopenPolicy(parseEnvelopeBytes(new Uint8Array(await readFile(seenFile(home)))))
}

async function readDraft(home: Home): Promise<TrustPolicy | undefined> {
  if (!existsSync(draftFile(home))) return undefined
  const bytes = new Uint8Array(await readFile(draftFile(home)))
  return trustPolicy(parseStrictJson(bytes), 'policy draft')
}

function draftFile({ directory }: Home): string {
  return join(directory, 'policy-draft.json')
}

function seenFile({ directory }: Home): string {
  return join(directory, 'policy.json')
}
