import type { PackageName } from '@steadfleet/domain'
import { type Generation, type GenerationPackage, isSamePackage, packageOf } from './generation.ts'
import { type Granted, stayingUnder } from './granted.ts'
import { withTheirs } from './lanes.ts'
import { failedBefore, type Refused } from './refused.ts'

/** What says of a package where its data is, and how it came there. */
export type DataOrigin = Pick<GenerationPackage, 'data' | 'migrated' | 'restored'>
/** A release as it shall run, its data aside. */
export type OrderedPackage = Omit<GenerationPackage, keyof DataOrigin>

/** What an order asks for, resolved: releases agreed on by all who must, without a number yet. */
export interface Wanted {
  readonly counter: number
  readonly model: string
  readonly packages: readonly OrderedPackage[]
  readonly probationSeconds?: number
  /** Packages that are to have their data of then, where they go back to an earlier release. */
  readonly copies?: Copies
}

/** Data of then by package, where the device holds it; undefined where it does not. */
export type Copies = ReadonlyMap<PackageName, DataOrigin | undefined>

/**
 * The generation that fulfils `wanted` as far as it may: a package that failed here before, as it is
 * ordered now, stays as it is in `current`, with all that go with it, so that one failure does not hold
 * back the others; and so does one whose data was migrated by a later revision than it is to be, and one whose data
 * of then is asked for and not here. What stays loses
 * what the order grants no more. Undefined when nothing would change.
 */
export function nextGeneration(
  current: Generation,
  wanted: Wanted,
  refused: Refused,
  number: number,
): Generation | undefined {
  const { counter, model, probationSeconds } = wanted
  const unreadable = [
    ...packagesUnableToRead(current, wanted),
    ...packagesWithoutCopy(current, wanted),
  ].map(one => one.package)
  const failed = failedBefore(counter, wanted.packages, refused)
  const held = [...failed, ...unreadable]
  const granted = new Map(wanted.packages.map(one => [one.package, one.grants]))
  const begin = (before: GenerationPackage | undefined, ordered: OrderedPackage) =>
    restoredBy(before, ordered, wanted, number) ?? begunBy(before, ordered, number)
  const packages = keptWith(current, wanted.packages, { held, granted, number, begin })
  if (packages === undefined) return undefined
  const probation = probationSeconds === undefined ? {} : { probationSeconds }
  return { type: 'generation', format: 1, number, counter, model, packages, ...probation }
}

/** Ordered releases whose data a later revision has migrated. */
export function packagesUnableToRead(
  current: Generation,
  { packages, copies }: Wanted,
): OrderedPackage[] {
  return packages.filter(
    one => !copies?.has(one.package) && isMigratedSince(packageOf(current, one.package), one),
  )
}

/** Ordered releases that are to have their data of then, which this device does not hold. */
export function packagesWithoutCopy(
  current: Generation,
  { packages, copies }: Wanted,
): OrderedPackage[] {
  return packages.filter(
    one =>
      copies?.has(one.package) &&
      copies.get(one.package) === undefined &&
      isEarlier(packageOf(current, one.package), one),
  )
}

function isEarlier(before: GenerationPackage | undefined, { revision }: OrderedPackage): boolean {
  return before !== undefined && revision < before.revision
}

/** True where `migrate` of a later revision changed the data: this release can't read it. */
export function isMigratedSince(
  before: GenerationPackage | undefined,
  { revision }: Pick<GenerationPackage, 'revision'>,
): boolean {
  return before?.migrated !== undefined && before.migrated > revision
}

/** What becomes of the packages of a generation in generation `number`. */
export interface Keeping<W> {
  readonly held: readonly PackageName[]
  readonly granted: Granted
  readonly number: number
  readonly begin: (before: GenerationPackage | undefined, one: W) => DataOrigin
}

/**
 * The packages of a next generation, sorted: those of `wanted`, with the data that `begin` says where
 * they are not the same already, but as it is what is held, with all that go with it and without what is
 * granted no more. Undefined when nothing would change.
 */
export function keptWith<W extends OrderedPackage>(
  current: Generation,
  wanted: readonly W[],
  { held, granted, number, begin }: Keeping<W>,
): GenerationPackage[] | undefined {
  const all = [...current.packages, ...wanted]
  const staying = withTheirs(held, all)
  const names = [...new Set(all.map(one => one.package))].sort()
  const packages = names.flatMap(name => {
    const before = packageOf(current, name)
    if (staying.includes(name)) return before ? stayingUnder(before, granted, number) : []
    const one = wanted.find(other => other.package === name)
    if (one === undefined) return []
    const isSame = before !== undefined && isSamePackage(before, one)
    return { ...withoutData(one), ...(isSame ? originOf(before) : begin(before, one)) }
  })
  return isUnchanged(current, packages) ? undefined : packages
}

/** Only on the way back: the release that has its data again keeps it under every later order. */
function restoredBy(
  before: GenerationPackage | undefined,
  ordered: OrderedPackage,
  { copies }: Wanted,
  number: number,
): DataOrigin | undefined {
  const copy = copies?.get(ordered.package)
  if (before === undefined || copy === undefined || !isEarlier(before, ordered)) return undefined
  const { data: from, migrated } = copy
  const restored = { from, left: before.data }
  return { data: number, ...(migrated !== undefined && { migrated }), restored }
}

function begunBy(
  before: GenerationPackage | undefined,
  ordered: OrderedPackage,
  number: number,
): DataOrigin {
  const migrated = isMigrating(before, ordered) ? ordered.revision : before?.migrated
  return { data: number, ...(migrated !== undefined && { migrated }) }
}

/** A package's own `migrate` runs where there is data that it has not run on. */
function isMigrating(
  before: GenerationPackage | undefined,
  { revision, behaviour }: OrderedPackage,
): boolean {
  if (before === undefined || behaviour.hooks?.migrate === undefined) return false
  return before.revision !== revision && (before.migrated ?? 0) < revision
}

function originOf({ data, migrated, restored }: GenerationPackage): DataOrigin {
  return { data, ...(migrated !== undefined && { migrated }), ...(restored && { restored }) }
}

function withoutData(one: OrderedPackage & Partial<DataOrigin>): OrderedPackage {
  const { data: _, migrated: _m, restored: _r, ...release } = one
  return release
}

function isUnchanged(current: Generation, packages: readonly GenerationPackage[]): boolean {
  return (
    packages.length === current.packages.length &&
    packages.every(one => isSamePackage(packageOf(current, one.package), one))
  )
}
