import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Identity, sharedPlace } from '@steadfleet/confine'
import { giveAppFolder, putLink } from '../disk/app-folders.ts'
import type { AppSpec, SharedFolder } from './apps.ts'

/** Makes the folders of an app its own: its data, what its generations share, its settings, its leases. */
export async function giveFolders(
  spec: AppSpec,
  identity: Identity,
  leases: string | undefined,
): Promise<void> {
  await giveData(spec.data, identity)
  for (const folder of spec.shared ?? []) await giveShared(spec.data, folder, identity)
  await giveSettings(spec.settings, identity)
  if (leases) await giveLeases(leases, identity)
}

/** The data is the app's alone: when its folder changes hands, so does all that is in it. */
async function giveData(data: string, identity: Identity): Promise<void> {
  await mkdir(data, { recursive: true, mode: 0o700 })
  if (identity.kind === 'mapped') return
  if ((await stat(data)).uid !== identity.uid) await giveAppFolder(data, identity.uid)
  await chmod(data, 0o700)
}

/** In the data is a link to it, where generations of before it was shared had a folder. */
async function giveShared(
  data: string,
  { name, path }: SharedFolder,
  identity: Identity,
): Promise<void> {
  await giveData(path, identity)
  await putLink(join(data, name), `${sharedPlace}/${name}`)
}

/**
 * The app may make files in it by its group, so that it can't open it again once the agent has shut it: as
 * it is found it stays.
 */
async function giveLeases(leases: string, identity: Identity): Promise<void> {
  if (!existsSync(leases)) {
    await mkdir(leases, { recursive: true, mode: 0o700 })
    await chmod(leases, 0o770)
  }
  if (identity.kind === 'leased') await chown(leases, 0, identity.uid)
}

/** Readable by the app's group and nobody else. */
async function giveSettings(settings: string, identity: Identity): Promise<void> {
  if (identity.kind === 'mapped') return
  await chown(settings, 0, identity.uid)
  await chmod(settings, 0o640)
}
