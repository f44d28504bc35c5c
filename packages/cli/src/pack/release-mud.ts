import { type Digest, isCoded } from '@steadfleet/base'
import { type NetworkNeeds, networkNeeds } from '@steadfleet/confine'
import { toMud } from '@steadfleet/confine/mud'
import { type Behaviour, effectiveSettings, releasePath } from '@steadfleet/domain'
import type { PackOptions } from './options.ts'
import { packageNameOf } from './release.ts'

/**
 * The MUD file of one release: what this package may say over networks, whatever else its device runs. It is
 * served by its digest, so its URL is nobody’s; the file of a device’s model is what networks fetch.
 */
export function releaseMud(
  { declared, revision, architecture, timestamp }: PackOptions,
  sbom: Digest,
): Uint8Array {
  const { manifest } = declared
  const name = packageNameOf(manifest)
  const path = releasePath({ package: name, revision, architecture })
  return toMud(needsOf(manifest), {
    url: `https://${manifest.publisher}.invalid/mud/${path}.json`,
    lastUpdate: timestamp ?? new Date(0),
    isSupported: true,
    about: {
      systeminfo: `${name} ${manifest.version}`.slice(0, 60),
      'mfg-name': manifest.publisher,
      'software-rev': `${revision}`,
    },
    sboms: [{ version: `${name} ${manifest.version} ${sbom}`.slice(0, 255) }],
  })
}

/** What a package needs of the network where its settings are those that it comes with. */
export function needsOf({
  interfaces = [],
  settings = {},
}: Pick<Behaviour, 'interfaces' | 'settings'>): NetworkNeeds {
  try {
    return networkNeeds(interfaces, effectiveSettings(settings, {}))
  } catch (error) {
    if (!isCoded(error, 'confine/ports')) throw error
    // A port that only its owner will say: any port then.
    const bare = interfaces.map(one =>
      one.interface === 'network-listen' ? { interface: one.interface } : one,
    )
    return networkNeeds(bare, effectiveSettings(settings, {}))
  }
}
