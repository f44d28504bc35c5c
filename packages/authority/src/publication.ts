import {
  type Delegation,
  digestIn,
  maySpeakFor,
  parseMetadata,
  refuseExpired,
  refuseOtherThanNext,
  refuseUnsigned,
  type Targets,
  TrustError,
  toSigningRole,
} from '@steadfleet/trust'
import { refuseWeakKeys } from './role.ts'

/** A newer version of a publisher's role, held against its delegation and the version before it. */
export interface Publication {
  /** Who delegates: the catalogue's targets. */
  readonly delegator: Targets
  readonly role: string
  /** The version in force, where there is one. */
  readonly held: Targets | undefined
  readonly bytes: Uint8Array
  readonly now: Date
}

/**
 * Takes the next version of a delegated role, as a catalogue's keeper must: signed by the role, the
 * next version, inside its name space, and with every release that was there as it was.
 */
export function acceptPublication(publication: Publication): Targets {
  const { delegator, role, held, bytes, now } = publication
  const offered = parseMetadata('targets', bytes)
  const delegation = delegationOf(delegator, role)
  const signers = toSigningRole(delegator.delegations?.keys ?? new Map(), delegation)
  refuseUnsigned(role, offered, signers) // TUF §5.6.3
  refuseOtherThanNext(role, held?.version ?? 0, offered.signed.version)
  refuseForeignPaths(delegation, offered.signed)
  refuseWeakKeys(offered.signed.delegations?.keys)
  for (const [path, { hashes }] of offered.signed.targets) digestIn(hashes, path)
  if (held) refuseChangedReleases(held, offered.signed)
  refuseExpired(role, offered.signed.expires, now) // TUF §5.6.5, checked last
  return offered.signed
}

function delegationOf(delegator: Targets, role: string): Delegation {
  const found = delegator.delegations?.roles?.find(({ name }) => name === role)
  if (found) return found
  throw new TrustError('trust/not-delegated', `cannot accept ${role}: nobody delegates to it`, {
    role,
  })
}

/** A publisher signs for its own name space alone; a client would never look elsewhere. TUF §5.6.7 */
function refuseForeignPaths(delegation: Delegation, offered: Targets): void {
  const foreign = [...offered.targets.keys()].find(path => !maySpeakFor(delegation, path))
  if (foreign === undefined) return
  const space = delegation.paths?.join(', ') ?? 'its hash prefixes'
  const message = `cannot accept ${foreign} from ${delegation.name}: its name space is ${space}`
  throw new TrustError('trust/not-delegated', message, {
    path: foreign,
    role: delegation.name,
    space,
  })
}

/** A revision is never changed nor taken back: what a device runs stays in the catalogue. */
function refuseChangedReleases(held: Targets, offered: Targets): void {
  for (const [path, before] of held.targets) {
    const after = offered.targets.get(path)
    const was = digestIn(before.hashes, path)
    const is = after === undefined ? 'nothing' : digestIn(after.hashes, path)
    if (was === is && after?.length === before.length) continue
    const message = `cannot accept ${path}: it is ${was} and was offered as ${is}`
    throw new TrustError('trust/changed-release', message, { path, held: was, offered: is })
  }
}
