import { isBin, type RoleDocuments, readSigned } from '@steadfleet/authority'
import { sideBySide } from '@steadfleet/base'
import { parseMetadata, refuseUnsigned } from '@steadfleet/trust'
import { namedFile } from './named-file.ts'
import type { HeldRole } from './role.ts'

/** The role together with these bins of it, each as the snapshot names it and the publisher signed it. */
export async function withBins(held: HeldRole, names: Iterable<string>): Promise<HeldRole> {
  const { catalogue, by, fetcher } = held
  const lacking = [...new Set(names)].filter(name => isBin(name) && !catalogue.roles.has(name))
  const bins = await sideBySide(lacking, async name => {
    const bytes = await namedFile(name, catalogue.snapshot, fetcher)
    const bin = parseMetadata('targets', bytes ?? new Uint8Array())
    refuseUnsigned(name, bin, by)
    return [name, bin] as const
  })
  return { ...held, catalogue: { ...catalogue, roles: new Map([...catalogue.roles, ...bins]) } }
}

/** The documents that are at hand, to make next versions from. */
export function documentsOf(
  { signed, catalogue }: Pick<HeldRole, 'signed' | 'catalogue'>,
  publisher: string,
): RoleDocuments {
  const held = [...catalogue.roles].map(
    ([name, { bytes }]) => [name, readSigned('targets', bytes)] as const,
  )
  return new Map([[publisher, signed], ...held])
}
