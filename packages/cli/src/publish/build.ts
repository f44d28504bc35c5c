import {
  anyOf,
  archivedInputs,
  archiveInputs,
  type PackOptions,
  type PackResult,
  pack,
  repeatLocked,
} from '../pack/index.ts'

/** How a build is done, and what is kept of it. */
export interface BuildChoices {
  /** Every input must be what the lock beside the manifest says. */
  readonly isLocked?: boolean
  /** What hygiene finds is refused, but for notes and what the manifest accepts. */
  readonly isStrict?: boolean
  /** The folder that keeps the inputs, by digest; and where a locked build finds old ones. */
  readonly archive?: string
  /** The inputs go along with the release, so that a stranger can repeat the build. */
  readonly hasInputs?: boolean
  /** Who builds, where it is not this fleet's own builder: its id, and the file of its key. */
  readonly builder?: { readonly id?: string; readonly key?: string }
}

/** Packs, by the lock where one is asked for, and archives the inputs. */
export async function build(
  options: PackOptions,
  { isLocked, isStrict, archive, hasInputs }: BuildChoices,
): Promise<PackResult> {
  const { declared, architecture } = options
  const inputs = archive === undefined ? anyOf([]) : archivedInputs(archive)
  const repeat = isLocked ? await repeatLocked(declared, architecture, inputs) : undefined
  const packed = await pack({
    ...options,
    ...(isStrict && { isStrict }),
    ...(repeat && { repeat }),
  })
  if (archive !== undefined) await archiveInputs(archive, packed.inputs)
  return hasInputs ? { ...packed, objects: new Map([...packed.objects, ...packed.inputs]) } : packed
}
