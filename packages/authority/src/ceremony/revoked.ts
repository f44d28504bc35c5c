import { digestIn, type Metadata, type Targets } from '@steadfleet/trust'
import { AuthorityError } from '../error.ts'

/** Digests of targets that the catalogue has revoked: the member `revoked` of its targets role. */
export function revokedIn({ signed }: Pick<Metadata<'targets'>, 'signed'>): ReadonlySet<string> {
  return new Set(signed.revoked)
}

/** Refuses a publisher's role that holds what the catalogue has revoked. */
export function refuseRevoked(
  catalogue: Pick<Metadata<'targets'>, 'signed'>,
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
  catalogue: Pick<Metadata<'targets'>, 'signed'>,
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
  held: Pick<Metadata<'targets'>, 'signed'>,
  offered: Pick<Metadata<'targets'>, 'signed'>,
): void {
  const kept = revokedIn(offered)
  const digest = [...revokedIn(held)].find(one => !kept.has(one))
  if (digest === undefined) return
  const message = `cannot accept targets that forget that ${digest} was revoked`
  throw new AuthorityError('authority/revoked', message, { digest })
}
