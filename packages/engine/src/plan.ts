import type { PackageName } from '@steadfleet/domain'
import {
  type Generation,
  type GenerationPackage,
  isAgentPackage,
  isSamePackage,
  packageOf,
} from './generation.ts'
import { lanesOf } from './lanes.ts'

export const stepKinds = [
  'fetch',
  'install',
  'stop',
  'copy',
  'migrate',
  'activate',
  'start',
] as const
export type StepKind = (typeof stepKinds)[number]

/** The part of a change a step belongs to: nothing of a later part begins before an earlier is done. */
export const partOf: Readonly<Record<StepKind, 'prepare' | 'activate'>> = {
  fetch: 'prepare',
  install: 'prepare',
  stop: 'activate',
  copy: 'activate',
  migrate: 'activate',
  activate: 'activate',
  start: 'activate',
}

/** One thing to do and to undo. Steps whose claims do not clash may run side by side. */
export interface Step {
  readonly id: string
  readonly kind: StepKind
  readonly package?: PackageName
  /** The failure domain it belongs to; a step without one fails the whole change. */
  readonly lane?: PackageName
  readonly reads: readonly string[]
  readonly writes: readonly string[]
}

/** What leads from `from` to `to`, in an order that is right even one by one. */
export function planChange(from: Generation, to: Generation): Step[] {
  const gone = from.packages.filter(one => packageOf(to, one.package) === undefined)
  const changed = to.packages.filter(one => !isSamePackage(packageOf(from, one.package), one))
  const before = changed.filter(one => packageOf(from, one.package) !== undefined)
  const lanes = lanesOf([...from.packages, ...to.packages])
  return [
    ...changed.map(fetchStep),
    ...changed.map(installStep),
    ...[...gone, ...before].map(stopStep),
    ...changed.flatMap(one => dataSteps(one, packageOf(from, one.package))),
    activateStep([...gone, ...changed]),
    ...startSteps(changed),
  ].map(one => withLane(one, lanes))
}

function withLane(one: Step, lanes: ReadonlyMap<PackageName, PackageName>): Step {
  const lane = one.package && lanes.get(one.package)
  return lane === undefined ? one : { ...one, lane }
}

function fetchStep({ package: name, tree }: GenerationPackage): Step {
  return step('fetch', name, [], [`objects:${tree.digest}`])
}

function installStep({ package: name, tree }: GenerationPackage): Step {
  return step('install', name, [`objects:${tree.digest}`], [`tree:${tree.digest}`])
}

function stopStep({ package: name }: GenerationPackage): Step {
  return step('stop', name, [], [`apps:${name}`])
}

/** A package's own `migrate` hook runs on the copy, and only where there is earlier data. */
function dataSteps(to: GenerationPackage, from: GenerationPackage | undefined): Step[] {
  const claims: [string[], string[]] = [[`apps:${to.package}`], [`data:${to.package}`]]
  const copy = step('copy', to.package, ...claims)
  return isMigrated(from, to) ? [copy, step('migrate', to.package, ...claims)] : [copy]
}

/** What is begun from an earlier release's data of its own time is as that release left it. */
function isMigrated(from: GenerationPackage | undefined, to: GenerationPackage): boolean {
  if (from === undefined || to.restored) return false
  return to.migrated === to.revision && from.migrated !== to.revision
}

function activateStep(changed: readonly GenerationPackage[]): Step {
  const reads = changed.flatMap(({ package: name }) => [`apps:${name}`, `data:${name}`])
  return { id: 'activate', kind: 'activate', reads, writes: ['current'] }
}

/** The agent last, and after all others: its start ends the one that starts them. */
function startSteps(changed: readonly GenerationPackage[]): Step[] {
  const apps = changed.filter(one => !isAgentPackage(one))
  const all = apps.map(one => `apps:${one.package}`)
  const agents = changed.filter(isAgentPackage)
  return [...apps.map(one => startStep(one)), ...agents.map(one => startStep(one, all))]
}

function startStep({ package: name }: GenerationPackage, after: readonly string[] = []): Step {
  return step('start', name, ['current', `data:${name}`, ...after], [`apps:${name}`])
}

function step(kind: StepKind, name: PackageName, reads: string[], writes: string[]): Step {
  return { id: `${kind}:${name}`, kind, package: name, reads, writes }
}

/** True when one of the two writes what the other reads or writes. */
export function isClash(a: Step, b: Step): boolean {
  const touches = (one: Step, name: string) => one.writes.includes(name) || one.reads.includes(name)
  return a.writes.some(name => touches(b, name)) || b.writes.some(name => touches(a, name))
}
