import type { JsonObject } from '@steadfleet/base'
import { digestIn, type Metadata, type Targets } from '@steadfleet/trust'
import { AuthorityError } from '../error.ts'

/** Digests of targets that the catalogue has revoked: the member `revoked` of its targets role. */
export function revokedIn(targets: Pick<Metadata<'targets'>, 'source'>): ReadonlySet<string> {
  return new Set(listOf(targets.source))
}

/** Refuses a publisher's role that holds what the catalogue has revoked. */
export function refuseRevoked(
  catalogue: Pick<Metadata<'targets'>, 'source'>,
  role: string,
  { targets }: Targets,
): void {
  const revoked = revokedIn(catalogue)
  for (const [path, { hashes }] of targets) {
    const digest = digestIn(hashes, path)
    if (!revoked.has(digest)) continue
    const message = `cannot accept ${role} with ${path}: ${digest} is revoked`
    throw new AuthorityError('authority/revoked', message, { role, path, digest })
  }
}

/** The role without what is revoked: of that alone its next version may be silent. */
export function withoutRevoked(
  catalogue: Pick<Metadata<'targets'>, 'source'>,
  role: Targets,
): Targets {
  const revoked = revokedIn(catalogue)
  const kept = [...role.targets].filter(
    ([path, { hashes }]) => !revoked.has(digestIn(hashes, path)),
  )
  return { ...role, targets: new Map(kept) }
}

/** What was revoked stays so. */
export function refuseForgotten(
  held: Pick<Metadata<'targets'>, 'source'>,
  offered: Pick<Metadata<'targets'>, 'source'>,
): void {
  const kept = revokedIn(offered)
  const digest = [...revokedIn(held)].find(one => !kept.has(one))
  if (digest === undefined) return
  const message = `cannot accept targets that forget that ${digest} was revoked`
  throw new AuthorityError('authority/revoked', message, { digest })
}

function listOf({ revoked }: JsonObject): readonly string[] {
  if (revoked === undefined) return []
  const isList = Array.isArray(revoked) && revoked.every(one => typeof one === 'string')
  if (isList) return revoked as readonly string[]
  throw new AuthorityError(
    'authority/revoked',
    'cannot read targets: revoked is no list of digests',
  )
}
