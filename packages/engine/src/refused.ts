import { type Digest, digestOf, toDocument } from '@steadfleet/base'
import type { PackageName } from '@steadfleet/domain'
import { digestOfRunning, type Running } from './generation.ts'
import type { Aborted, Dropped } from './journal-record.ts'
import { lanesOf } from './lanes.ts'

/** Packages that failed here for good: the same is not tried again. */
export interface Refused {
  /** Of the order under which the last of them failed. */
  readonly counter: number
  readonly packages: readonly PackageName[]
  /** What each of them was; of one that is not in it only the counter is known. */
  readonly contents?: Contents
}

/** What packages are: the release, settings and interfaces of each, and of those that go with it. */
export type Contents = Readonly<Record<PackageName, Digest>>

export const nothingRefused: Refused = { counter: 0, packages: [] }

type Named = Running & { readonly package: PackageName }

/** A package of a lane can fail by what another one of it is, so each has the content of all. */
export function contentsOf(packages: readonly Named[]): Contents {
  const lanes = lanesOf(packages)
  const laneOf = (one: Named) => lanes.get(one.package)
  const contents = packages.map(one => {
    const lane = packages.filter(other => laneOf(other) === laneOf(one))
    return [one.package, digestOf(toDocument(lane.map(digestOfRunning).sort()))] as const
  })
  return Object.fromEntries(contents)
}

/** Those of `packages` that failed before and are the same still, whichever order asks for them now. */
export function failedBefore(
  counter: number,
  packages: readonly Named[],
  refused: Refused,
): readonly PackageName[] {
  const now = contentsOf(packages)
  return refused.packages.filter(name => {
    const then = refused.contents?.[name]
    return then === undefined ? refused.counter === counter : now[name] === then
  })
}

/** What is refused after one more failure that would come again. */
export function withFailure(
  refused: Refused,
  { counter, contents = {} }: { readonly counter: number; readonly contents?: Contents },
  { packages }: Pick<Aborted | Dropped, 'packages'>,
): Refused {
  const kept = entriesOf(
    refused,
    name => counter === refused.counter || name in contentsIn(refused),
  )
  const failed = packages.map(name => [name, contents[name]] as const)
  return toRefused(counter, new Map([...kept, ...failed]))
}

/** What was on trial and is proven is refused no more, nor is what it was before. */
export function withoutProven(refused: Refused, proven: readonly PackageName[]): Refused {
  if (!refused.packages.some(name => proven.includes(name))) return refused
  return toRefused(refused.counter, new Map(entriesOf(refused, name => !proven.includes(name))))
}

function contentsIn({ contents = {} }: Refused): Contents {
  return contents
}

function entriesOf(
  refused: Refused,
  isKept: (name: PackageName) => boolean,
): (readonly [PackageName, Digest | undefined])[] {
  const { packages } = refused
  return packages.filter(isKept).map(name => [name, contentsIn(refused)[name]] as const)
}

function toRefused(
  counter: number,
  entries: ReadonlyMap<PackageName, Digest | undefined>,
): Refused {
  const packages = [...entries.keys()].sort()
  const known = packages.flatMap(name => {
    const content = entries.get(name)
    return content === undefined ? [] : [[name, content] as const]
  })
  return { counter, packages, ...(known.length > 0 && { contents: Object.fromEntries(known) }) }
}
