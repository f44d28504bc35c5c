import type { Digest } from '@steadfleet/base'
import { publisherFor } from '@steadfleet/trust'
import type { InForce } from '../catalogue/catalogue-folder.ts'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { catalogueDigest, releaseLeaf } from './leaf-sources.ts'

/**
 * A release that a catalogue holds and the log does not yet is refused by every device; so it is here.
 * A catalogue from which the policy takes no such package holds none, as far as devices care.
 */
export async function refuseNotLogged(
  { catalogues, log, owner }: Pick<House, 'catalogues' | 'log' | 'owner'>,
  name: string,
  revision: number,
): Promise<void> {
  for (const served of catalogues.all()) {
    const { roles } = served.inForce() ?? {}
    const isForUs = publisherFor(owner.policy().signed, served.name, name) !== undefined
    if (roles && isForUs)
      refuseWaiting(log, await catalogueDigest(served.folder), roles, `${name}/${revision}/`)
  }
}

function refuseWaiting(
  log: House['log'],
  catalogue: Digest,
  roles: InForce['roles'],
  prefix: string,
): void {
  for (const { signed } of roles.values()) {
    for (const [path, target] of signed.targets) {
      if (!path.startsWith(prefix)) continue
      const leaf = releaseLeaf(catalogue, path, target)
      if (leaf === undefined || log.isPublished(leaf)) continue
      const message = `cannot order ${path}: the log does not hold it yet`
      throw new ServerError('release/not-logged', message, { path })
    }
  }
}
