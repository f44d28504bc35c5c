import { type Digest, digestOf, isJsonObject, parseStrictJson, toDocument } from '@steadfleet/base'
import type { Behaviour, PackageName, SettingValues } from '@steadfleet/domain'
import { EngineError } from './error.ts'

/** Content by digest, with the length that caps its fetching. */
export interface Ref {
  readonly digest: Digest
  readonly length: number
}

/** One package of a generation, with everything needed to run it and nothing left to look up. */
export interface GenerationPackage {
  readonly package: PackageName
  readonly catalogue: string
  readonly revision: number
  readonly version: string
  readonly record: Ref
  readonly tree: Ref
  /** Bytes of all files of the tree. */
  readonly size: number
  /** The values the app sees: what the owner set, over the manifest's defaults. */
  readonly settings: SettingValues
  /** What the owner grants; {@link interfaces} is what of it counts. */
  readonly grants: readonly string[]
  /** Requested by the manifest, granted by the owner and under the ceiling. */
  readonly interfaces: readonly string[]
  readonly behaviour: Behaviour
  /** The lowest revision this release lets the device ever accept again; raised at commit. */
  readonly floor: number
  /** The generation whose data directory this package uses. */
  readonly data: number
  /** The revision whose `migrate` last ran on its data; absent where none ever did. */
  readonly migrated?: number
  /** Its data was begun from a copy asked for, and not from what was there. */
  readonly restored?: Restored
}

/** The generation whose data was taken up again, and the one whose data was left for it. */
export interface Restored {
  readonly from: number
  readonly left?: number
}

/** The whole set of releases, settings and grants a device runs at once; numbered, immutable. */
export interface Generation {
  readonly type: 'generation'
  readonly format: 1
  readonly number: number
  /** Counter of the order it fulfils; 0 for the empty generation a device is born with. */
  readonly counter: number
  readonly model: string
  readonly packages: readonly GenerationPackage[]
  readonly probationSeconds?: number
}

/** What a device runs before its first order: nothing. */
export const emptyGeneration: Generation = {
  type: 'generation',
  format: 1,
  number: 0,
  counter: 0,
  model: '',
  packages: [],
}

/** The digest a plan names its generation by. */
export function sealOf(generation: Generation): Digest {
  return digestOf(toDocument(generation))
}

/** `generation.json`: the record and its seal, so that a torn or changed file never passes for one. */
export function encodeGeneration(generation: Generation): Uint8Array {
  return toDocument({ record: generation, seal: sealOf(generation) })
}

/** Reads a sealed record; its shape is trusted because only the agent's own seal lets it through. */
export function decodeGeneration(bytes: Uint8Array): Generation {
  const file = parseStrictJson(bytes)
  if (!isJsonObject(file) || !isJsonObject(file.record)) refuseSeal('it is not a sealed record')
  const generation = file.record as unknown as Generation
  if (generation.type !== 'generation' || generation.format !== 1) refuseSeal('of its format')
  if (file.seal !== sealOf(generation)) refuseSeal('its seal does not match')
  return generation
}

function refuseSeal(why: string): never {
  throw new EngineError('engine/seal', `cannot read a generation record: ${why}`)
}

/** The interface by which a package is the agent itself: docs/decisions/0027 */
export const agentInterface = 'agent'

/** Whether the package, by what counts of its interfaces, is the agent that runs all others. */
export function isAgentPackage({ interfaces }: Pick<GenerationPackage, 'interfaces'>): boolean {
  return interfaces.includes(agentInterface)
}

/** True where a package runs the same in both: nothing to stop, copy or prove. */
export function isSamePackage(a: Running | undefined, b: Running | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return digestOfRunning(a) === digestOfRunning(b)
}

/**
 * True where a package only loses interfaces. It is not on trial then: an app that fails without what the owner
 * took back must not get it back by failing.
 */
export function isOnlyLess(before: Running | undefined, after: Running): boolean {
  if (before === undefined || isSamePackage(before, after)) return false
  const { interfaces } = before
  return (
    after.interfaces.every(name => interfaces.includes(name)) &&
    isSamePackage(before, { ...after, interfaces })
  )
}

/** What of a package decides how it runs. */
export type Running = Pick<
  GenerationPackage,
  'tree' | 'settings' | 'interfaces' | 'behaviour' | 'revision'
>

export function digestOfRunning({
  tree,
  settings,
  interfaces,
  behaviour,
  revision,
}: Running): Digest {
  return digestOf(toDocument({ tree, settings, interfaces, behaviour, revision }))
}

export function packageOf(
  generation: Generation,
  name: PackageName,
): GenerationPackage | undefined {
  return generation.packages.find(one => one.package === name)
}
