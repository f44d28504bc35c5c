import type { Digest } from '@steadfleet/base'
import type { InForce } from '../catalogue/catalogue-folder.ts'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { catalogueDigest, releaseLeaf } from './leaf-sources.ts'

/** A release that the catalogue holds and the log does not yet is refused by every device; so it is here. */
export async function refuseNotLogged(
  { catalogues, log }: Pick<House, 'catalogues' | 'log'>,
  name: string,
  revision: number,
): Promise<void> {
  for (const served of catalogues.all()) {
    const { roles } = served.inForce() ?? {}
    if (roles)
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
