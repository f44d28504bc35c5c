import { type Digest, digestOf, fromUtf8, parseStrictJson, toHex } from '@steadfleet/base'
import { type Client, fetchIfThere, getLogProof } from '@steadfleet/protocol'
import {
  chosenLog,
  envelopeDigest,
  leafHash,
  parseCheckpoint,
  parseEnvelope,
  parseLogProof,
  parseMetadata,
  parseNote,
  type Target,
  type TrustPolicy,
  toLeaf,
} from '@steadfleet/trust'
import { CliError } from '../error.ts'
import { leafOf } from '../verify/log-link.ts'

/** Something of a catalogue that the log must hold. */
export interface Logged {
  readonly catalogue: Digest
  readonly target: Target
}

interface Subject {
  readonly policy: TrustPolicy
  readonly documents: Map<string, Uint8Array>
  readonly logged: readonly Logged[]
}

const longestProof = 128 * 1024
/** The log may grow while its proofs are gathered. */
const tries = 5

/**
 * Adds the log's proof of every leaf that a device may ask for, for who holds nothing of the log, what a
 * device is said to hold, or what the proofs themselves bring: all of one checkpoint.
 */
export async function gatherProofs(
  client: Client,
  subject: Subject,
  held: readonly number[],
): Promise<void> {
  if (chosenLog(subject.policy.log) === undefined) return
  const leaves = leavesOf(subject).map(leaf => toHex(leafHash(leaf)))
  for (let i = 0; i < tries; i += 1) {
    const proofs = await proofsOf(client, leaves, held)
    if (proofs === undefined) continue
    for (const [name, text] of proofs) subject.documents.set(name, text)
    return
  }
  throw new CliError('cli/timeout', 'cannot gather the proofs of the log: it grows all the time')
}

/** Undefined where the checkpoint changed meanwhile. */
async function proofsOf(
  client: Client,
  leaves: readonly string[],
  held: readonly number[],
): Promise<Map<string, Uint8Array> | undefined> {
  const proofs = new Map<string, Uint8Array>()
  const sizes = new Set<number>()
  for (const leaf of leaves) {
    const asked = new Set([0, ...held])
    for (const size of asked) {
      const params = { leaf }
      const open = () => client.open(getLogProof, { params, query: { held: size } })
      const bytes = await fetchIfThere('the log’s proof', open, longestProof)
      // What the log lacks the device will refuse, where it needs it.
      if (bytes === undefined) continue
      const found = sizeOf(bytes)
      asked.add(found)
      sizes.add(found)
      proofs.set(`/v1/log/proofs/${leaf}?held=${size}`, bytes)
    }
  }
  return sizes.size > 1 ? undefined : proofs
}

function sizeOf(proof: Uint8Array): number {
  return parseCheckpoint(parseNote(parseLogProof(fromUtf8(proof)).checkpoint).text).size
}

function leavesOf({ policy, documents, logged }: Subject): Uint8Array[] {
  return [
    ...logged.map(({ catalogue, target }) => leafOf(catalogue, target)),
    ...[...documents].flatMap(([name, bytes]) => leafOfDocument(policy, name, bytes)),
  ]
}

/** Of the owner's statements, and of the roots of catalogues: docs/formats/log.md */
function leafOfDocument(policy: TrustPolicy, name: string, bytes: Uint8Array): Uint8Array[] {
  if (name.startsWith('/v1/owner/roots/')) {
    return [toLeaf({ type: 'owner', digest: digestOfEnvelope(bytes) })]
  }
  if (name === '/v1/owner/policy') return adoptionLeaves(policy, digestOfEnvelope(bytes))
  const [, catalogue = ''] = /^\/v1\/catalogues\/([^/]+)\/\d+\.root\.json$/.exec(name) ?? []
  const root = policy.catalogues.find(one => one.name === catalogue)?.root
  if (root === undefined || digestOf(bytes) === root) return []
  const { version } = parseMetadata('root', bytes).signed
  return [toLeaf({ type: 'root', catalogue: root, version, digest: digestOf(bytes) })]
}

function adoptionLeaves({ adoptions = [], catalogues }: TrustPolicy, digest: Digest): Uint8Array[] {
  return adoptions.flatMap(one => {
    const catalogue = catalogues.find(({ name }) => name === one.to.catalogue)?.root
    return catalogue ? [toLeaf({ type: 'adoption', catalogue, package: one.package, digest })] : []
  })
}

function digestOfEnvelope(bytes: Uint8Array): Digest {
  return envelopeDigest(parseEnvelope(parseStrictJson(bytes)))
}
