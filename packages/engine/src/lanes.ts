import type { PackageName } from '@steadfleet/domain'
import { type Generation, type GenerationPackage, packageOf } from './generation.ts'

/** What says of a package with which others it changes as one. */
type Tied = Pick<GenerationPackage, 'package' | 'behaviour'>

/**
 * The lane of each package, its failure domain, named after the first of its packages: those that
 * name each other in `together-with`, at any remove, share one and commit as one or not at all.
 */
export function lanesOf(packages: readonly Tied[]): ReadonlyMap<PackageName, PackageName> {
  const lanes = new Map<PackageName, PackageName>()
  for (const { package: name, behaviour } of packages) {
    for (const other of [name, ...(behaviour['together-with'] ?? [])]) join(lanes, name, other)
  }
  return lanes
}

function join(lanes: Map<PackageName, PackageName>, a: PackageName, b: PackageName): void {
  const [mine, theirs] = [lanes.get(a) ?? a, lanes.get(b) ?? b]
  const [lane = mine] = [mine, theirs].sort()
  for (const name of [a, b]) lanes.set(name, lane)
  for (const [name, old] of lanes) if (old === mine || old === theirs) lanes.set(name, lane)
}

/** `names`, and all that go with them. */
export function withTheirs(
  names: readonly PackageName[],
  packages: readonly Tied[],
): readonly PackageName[] {
  const lanes = lanesOf(packages)
  const taken = new Set(names.map(name => lanes.get(name) ?? name))
  const others = [...lanes].filter(([, lane]) => taken.has(lane)).map(([name]) => name)
  return [...new Set([...names, ...others])]
}

/** `to` as generation `number`, where `dropped` packages stay as they are in `from`. */
export function withoutDropped(
  from: Generation,
  to: Generation,
  dropped: readonly PackageName[],
  number: number,
): Generation {
  const names = [...from.packages, ...to.packages].map(one => one.package)
  const packages = [...new Set(names)].sort().flatMap(name => {
    const one = packageOf(dropped.includes(name) ? from : to, name)
    return one ? [one] : []
  })
  return { ...to, number, packages }
}
