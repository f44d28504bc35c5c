import type { Architecture, Source } from '@steadfleet/domain'
import { type DebianSource, readDebian } from './debian/source.ts'
import { type DirectorySource, readDirectory } from './directory.ts'
import { PackError } from './error.ts'
import type { Gathered, ReadSource, SourceContext } from './source.ts'

/**
 * The kinds of source, by the member that tells them apart. A new kind (an OCI image, a snap) is a
 * row here, a module that reads it, and a shape in the manifest's schema.
 */
const sourceKinds: Readonly<Record<string, ReadSource<never>>> = {
  directory: readDirectory satisfies ReadSource<DirectorySource>,
  debian: readDebian satisfies ReadSource<DebianSource>,
}

/** The sources that count for the architecture that is packed. */
export function sourcesFor(sources: readonly Source[], architecture: Architecture): Source[] {
  return sources.filter(
    source => !('architecture' in source) || source.architecture === architecture,
  )
}

/** What a source brings. */
export async function readSource(source: Source, context: SourceContext): Promise<Gathered> {
  const kind = Object.keys(sourceKinds).find(key => key in source) ?? ''
  const read = sourceKinds[kind]
  if (read) return read(source as never, context)
  const known = Object.keys(sourceKinds)
  throw new PackError('pack/source', `cannot read source: known are ${known.join(', ')}`, { known })
}
