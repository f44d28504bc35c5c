import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makePolicy, signStatement, toEnvelopeBytes, toStatementBytes } from '@steadfleet/authority'
import { parseStrictJson } from '@steadfleet/base'
import { putPolicy } from '@steadfleet/protocol'
import {
  acceptPolicy,
  type OwnerRoot,
  ownerRole,
  parseEnvelopeBytes,
  payloadTypes,
  reopenOwnerRoot,
  reopenPolicy,
  type TrustPolicy,
  trustPolicy,
} from '@steadfleet/trust'
import { heldOwner } from '../ceremony/held.ts'
import { CliError } from '../error.ts'
import type { Home } from '../fleet/home.ts'
import type { Fleet } from '../fleet/open.ts'
import { signersAmong } from './signers.ts'

/** The policy in force, and what it shall be. */
export interface PolicyDraft {
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
  return { root, held, next, isChanged: drafted !== undefined }
}

/** Keeps what the policy shall be. */
export async function savePolicyDraft(home: Home, next: TrustPolicy): Promise<void> {
  await writeFile(draftFile(home), toStatementBytes(next))
}

/** Signs the draft with the owner's keys on this machine, at their threshold, and puts it in force. */
export async function applyPolicyDraft(fleet: Fleet, now: Date): Promise<TrustPolicy> {
  const { home, client } = fleet
  const { root, held, next, isChanged } = await openPolicyDraft(fleet)
  if (!isChanged) throw new CliError('cli/refused', 'cannot apply a policy: nothing was drafted')
  const signers = await signersAmong(home, 'the owner root', ownerRole(root, 'root'))
  const policy = makePolicy(next, now)
  const envelope = await signStatement(payloadTypes.policy, policy, signers)
  const accepted = acceptPolicy(root, held, envelope, { now })
  await client.call(putPolicy, {
    body: { ...envelope, signatures: envelope.signatures.map(one => ({ ...one })) },
  })
  await writeFile(seenFile(home), toEnvelopeBytes(envelope))
  await rm(draftFile(home))
  return accepted
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
