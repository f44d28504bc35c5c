import type { GrantRules, InterfaceRequest } from '@steadfleet/domain'
import { interfaceNamed, isInterface } from '../interfaces/table.ts'
import { covers } from './difference.ts'

/** What an owner said of one interface of one package; `never` counts over everything else. */
export interface GrantDecision {
  readonly interface: string
  readonly scope: 'fleet' | 'device'
  readonly verdict: 'granted' | 'refused' | 'never'
  /** What the package asked for when it was granted: what asks for more is not granted by it. */
  readonly request: InterfaceRequest
}

/** All that decides what a package gets on one device. */
export interface GrantSituation {
  readonly package: string
  /** Of the fleet, and of this device alone. */
  readonly decisions: readonly GrantDecision[]
  /** Of the fleet, and of the model of its devices. */
  readonly rules: GrantRules
  readonly modelRules: GrantRules
  /** What the owner root's ceiling says, by interface. */
  readonly ceiling: ReadonlyMap<string, readonly string[]>
}

/** Whether a package has an interface, and by whose word. */
export interface Standing {
  readonly is: 'granted' | 'refused' | 'open'
  readonly by: 'never' | 'device' | 'fleet' | 'rule' | 'model' | 'ceiling' | 'default' | 'nobody'
}

/**
 * What is granted of a request: the nearest word counts, `never` before all. What nobody spoke of is granted
 * where the interface is by default, or where the owner root names this very package in the ceiling.
 */
export function standingOf(request: InterfaceRequest, situation: GrantSituation): Standing {
  const said = saidOf(request, situation)
  if (said) return said
  const name = request.interface
  if (named(situation.ceiling.get(name), situation.package)) return { is: 'granted', by: 'ceiling' }
  const isDefault = isInterface(name) && interfaceNamed(name).granted === 'by default'
  return isDefault ? { is: 'granted', by: 'default' } : { is: 'open', by: 'nobody' }
}

function saidOf(request: InterfaceRequest, situation: GrantSituation): Standing | undefined {
  const here = situation.decisions.filter(one => one.interface === request.interface)
  if (here.some(({ verdict }) => verdict === 'never')) return { is: 'refused', by: 'never' }
  for (const scope of ['device', 'fleet'] as const) {
    const said = here.find(one => one.scope === scope)
    if (said?.verdict === 'refused') return { is: 'refused', by: scope }
    if (said && covers(said.request, request)) return { is: 'granted', by: scope }
  }
  return byRule(request.interface, situation)
}

/** What is never granted automatically is granted by no rule. */
function byRule(name: string, situation: GrantSituation): Standing | undefined {
  if (isNeverByRule(name)) return undefined
  const { rules, modelRules } = situation
  if (matches(rules[name], situation.package)) return { is: 'granted', by: 'rule' }
  if (matches(modelRules[name], situation.package)) return { is: 'granted', by: 'model' }
  return undefined
}

/** Whether only a word about the very package grants an interface. */
export function isNeverByRule(name: string): boolean {
  return isInterface(name) && interfaceNamed(name).granted === 'never automatically'
}

/** The interfaces of a release that an order grants: granted, and under the ceiling. */
export function grantedNames(
  requests: readonly InterfaceRequest[],
  situation: GrantSituation,
): string[] {
  return requests
    .filter(request => isUnderCeiling(situation, request.interface))
    .filter(request => standingOf(request, situation).is === 'granted')
    .map(request => request.interface)
}

/**
 * The requests that a device waits for before it is moved from a revision that asked for `before`; undefined
 * where it has none of this package. What asked for as much before has been settled, one way or the other; at first,
 * so is what the ceiling shuts out.
 */
export function waitingRequests(
  before: readonly InterfaceRequest[] | undefined,
  requests: readonly InterfaceRequest[],
  situation: GrantSituation,
): InterfaceRequest[] {
  if (before === undefined) {
    return requests
      .filter(request => isUnderCeiling(situation, request.interface))
      .filter(request => standingOf(request, situation).is === 'open')
  }
  return requests.filter(
    request =>
      !before.some(one => covers(one, request)) && saidOf(request, situation) === undefined,
  )
}

/** Whether the owner root lets the package have it at all. */
export function isUnderCeiling(
  { ceiling, package: name }: Pick<GrantSituation, 'ceiling' | 'package'>,
  interfaceName: string,
): boolean {
  const packages = ceiling.get(interfaceName)
  return named(packages, name) || (packages?.includes('*') ?? false)
}

function named(packages: readonly string[] | undefined, name: string): boolean {
  return packages?.includes(name) ?? false
}

/** `acme/*` stands for every package of a publisher. */
function matches(patterns: readonly string[] | undefined, name: string): boolean {
  const publisher = name.slice(0, name.indexOf('/'))
  return [name, `${publisher}/*`, '*'].some(one => patterns?.includes(one))
}
