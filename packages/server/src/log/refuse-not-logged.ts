import { join } from 'node:path'
import { ServerError } from '../error.ts'
import type { House } from '../house.ts'
import { catalogueDigest, releaseLeaf } from './leaf-sources.ts'

/** A release that the catalogue holds and the log does not yet is refused by every device; so it is here. */
export async function refuseNotLogged(
  { catalogue, log, folder }: Pick<House, 'catalogue' | 'log' | 'folder'>,
  name: string,
  revision: number,
): Promise<void> {
  const first = await catalogueDigest(join(folder, 'catalogue'))
  for (const { signed } of catalogue.inForce().roles.values()) {
    for (const [path, target] of signed.targets) {
      if (!path.startsWith(`${name}/${revision}/`)) continue
      const leaf = releaseLeaf(first, path, target)
      if (leaf === undefined || log.isPublished(leaf)) continue
      const message = `cannot order ${path}: the log does not hold it yet`
      throw new ServerError('release/not-logged', message, { path })
    }
  }
}
