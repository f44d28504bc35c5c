import { mkdir } from 'node:fs/promises'
import type { Fleet } from '../packages/cli/src/fleet/open.ts'
import { type Published, publishPackage } from '../packages/cli/src/publish/publish.ts'

/** A folder with a package, and where the Debian packages in it are kept. */
export interface Folder {
  readonly path: string
  readonly cache: string
  readonly revision?: number
  /** The lowest revision that a device takes after this one. */
  readonly floor?: number
}

/** Publishes it for the architecture of this machine. */
export async function publishFolder(fleet: Fleet, folder: Folder): Promise<Published> {
  await mkdir(folder.cache, { recursive: true })
  const architectures = [process.arch === 'arm64' ? 'arm64' : 'amd64'] as const
  return publishPackage(fleet, {
    ...folder,
    architectures,
    now: new Date(),
    say: () => undefined,
  })
}
