import type { Digest } from '@steadfleet/base'
import type { SettingValues } from '@steadfleet/domain'
import { type Generation, type GenerationPackage, isAgentPackage } from '@steadfleet/engine'
import type { Self } from './self.ts'

/** What a report says of a package. */
export type RunningPackage = Pick<GenerationPackage, 'package' | 'revision' | 'version'> & {
  readonly tree: { readonly digest: Digest }
  readonly settings?: SettingValues
}

/** What truly runs: where the rescuer went back to another agent, that one is named, or none. */
export async function runningPackages(
  { files, running }: Self,
  { packages }: Pick<Generation, 'packages'>,
): Promise<readonly RunningPackage[]> {
  const meant = packages.find(isAgentPackage)
  if (meant === undefined || meant.tree.digest === running) return packages
  const others = packages.filter(one => one !== meant)
  const known = (await files.known()).find(one => one.tree === running)
  if (known === undefined || running === 'own') return others
  const { revision, version } = known
  const found = { package: meant.package, revision, version, tree: { digest: running } }
  return packages.map(one => (one === meant ? found : one))
}
