import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NetworkNeeds } from '@steadfleet/confine'
import { joinNeeds, type MudDescription } from '@steadfleet/confine/mud'
import type { Behaviour } from '@steadfleet/domain'
import { needsOf, readManifest, readPacked } from '../pack/index.ts'
import { manifestAt } from '../publish/publish.ts'

/** A package of a device, as much of it as its MUD file is made of. */
export interface MudPackage {
  readonly name: string
  readonly version: string
  readonly behaviour: Pick<Behaviour, 'interfaces' | 'settings'>
}

/** A package by its folder or manifest, or by a bundle that `pack` wrote. */
export async function packageAt(path: string): Promise<MudPackage> {
  const isFolder = (await stat(path).catch(() => undefined))?.isDirectory() ?? false
  if (isFolder || /\.ya?ml$/.test(path)) {
    const { manifest } = await readManifest(manifestAt(path))
    const { publisher, name, version } = manifest
    return { name: `${publisher}/${name}`, version, behaviour: manifest }
  }
  const folder = await mkdtemp(join(tmpdir(), 'steadfleet-mud-'))
  try {
    const { release } = await readPacked(path, folder)
    return { name: release.package, version: release.version, behaviour: release.behaviour }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What a device that runs all of these needs. */
export function needsOfAll(packages: readonly MudPackage[]): NetworkNeeds {
  return joinNeeds(packages.map(({ behaviour }) => needsOf(behaviour)))
}

/** Where what a device runs is told, for each of its packages. RFC 9472 */
export function sbomsOf(
  packages: readonly MudPackage[],
  urls: readonly string[],
): NonNullable<MudDescription['sboms']> {
  return packages.map(({ name, version }, i) => ({
    version: `${name} ${version}`.slice(0, 255),
    ...(urls[i] !== undefined && { url: urls[i] }),
  }))
}
