import { randomBytes } from 'node:crypto'
import { digestOf, fromBase64, isCoded, toCanonical, toHex } from '@steadfleet/base'
import { ownerIdOf } from '@steadfleet/domain'
import {
  type Client,
  enrolDevice,
  getOwnerRoot,
  makeClient,
  makeSessionKeys,
  type Signing,
  signRequest,
  type Transport,
  toLogLine,
} from '@steadfleet/protocol'
import {
  acceptOwnerRoot,
  acceptPolicy,
  type Envelope,
  logDigest,
  type OwnerRoot,
  parseEnvelopeBytes,
  TrustError,
} from '@steadfleet/trust'
import { makeDirectories } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError } from '../error.ts'
import type { Enrolment, EnrolmentToken } from '../trust/enrolment.ts'
import { type Identity, openIdentity, readEnrolment, writeEnrolment } from '../trust/identity.ts'
import { writeFirstTrust } from '../trust/trust-state.ts'

export interface JoinOptions {
  readonly token: EnrolmentToken
  readonly name: string
  readonly model: string
  readonly architecture: 'amd64' | 'arm64'
  readonly seed: Uint8Array
}

/** Joins a fleet: the first roots that the server sends count only by the digests in the token. */
export async function joinFleet(
  paths: Paths,
  transport: Transport,
  options: JoinOptions,
): Promise<Enrolment> {
  if (await readEnrolment(paths)) {
    const message = `cannot join: ${paths.root} belongs to a fleet already`
    throw new AgentError('agent/joined', message, { directory: paths.root })
  }
  await makeDirectories([paths.root], 0o755)
  await makeDirectories([paths.identity, paths.trust], 0o700)
  const identity = await openIdentity(paths, options.seed)
  const { origin } = options.token
  const client = makeClient({ origin, transport, signing: signingOf(identity) })
  const enrolment = await enrol(paths, client, identity, options)
  await writeEnrolment(paths, enrolment)
  return enrolment
}

/** Requests of a device: those that open a session are signed by its key, the others in the session. */
export function signingOf(identity: Identity): Signing {
  const signer = { keyid: identity.device, sign: identity.sign }
  return { signer, signRequest, sessions: makeSessionKeys(length => randomBytes(length)) }
}

async function enrol(
  paths: Paths,
  client: Client,
  identity: Identity,
  { token, name, model, architecture }: JoinOptions,
): Promise<Enrolment> {
  const claim = { publicKey: toHex(identity.publicKey), name, model, architecture }
  const reply = await client.call(enrolDevice, { body: { token: token.secret, claim } })
  const catalogueRoot = fromBase64(reply.catalogueRoot)
  const ownerRootFile = fromBase64(reply.ownerRoot)
  refuseOtherRoot(digestOf(catalogueRoot), token)
  const first = parseEnvelopeBytes(ownerRootFile)
  const newest = await newestRoot(client, first, acceptOwnerRoot(token.ownerRoot, first))
  const owner = ownerIdOf(ownerRootFile)
  const { log } = acceptPolicy(newest.root, undefined, reply.policy, { owner })
  refuseOtherLog(logDigest(log), token)
  const ownerRoot = toCanonical(newest.envelope)
  await writeFirstTrust(paths, { catalogueRoot, ownerRoot, policy: reply.policy })
  const { origin, keys } = token
  const { device } = identity
  const fleet = { origin, device, fleet: reply.fleet, name, owner, model, architecture }
  const roots = { catalogueRoot: token.catalogueRoot, ownerRoot: token.ownerRoot }
  return { ...fleet, ...roots, log: toLogLine(log), ...(keys && { keys }) }
}

/** Steps of the owner root since the first: the policy is signed by the keys of the last. */
async function newestRoot(
  client: Client,
  envelope: Envelope,
  root: OwnerRoot,
): Promise<{ readonly envelope: Envelope; readonly root: OwnerRoot }> {
  const version = String(root.version + 1)
  const next = await client.call(getOwnerRoot, { params: { version } }).catch(orNone)
  return next ? newestRoot(client, next, acceptOwnerRoot(root, next)) : { envelope, root }
}

function orNone(error: unknown): undefined {
  if (!isCoded(error, 'content/unknown')) throw error
}

/** Which log counts, and that none does, is the owner's word that came with the token, not the server's. */
function refuseOtherLog(found: string, { log: expected }: EnrolmentToken): void {
  if (found === expected) return
  const message = `cannot accept the first trust policy: its log is ${found}, not ${expected}`
  throw new TrustError('trust/first-root', message, { expected, found })
}

/** No first root from the network: the digest in the token is the whole of what is believed. */
function refuseOtherRoot(found: string, { catalogueRoot: expected }: EnrolmentToken): void {
  if (found === expected) return
  const message = `cannot accept the first catalogue root: digest ${found}, not ${expected}`
  throw new TrustError('trust/first-root', message, { expected, found })
}
