import {
  type InterfaceRequest,
  opened,
  type Parser,
  parserOf,
  SchemaError,
  type SchemaFault,
  type SettingValues,
} from '@steadfleet/domain'
import { ConfineError } from '../error.ts'
import { networkNeeds } from '../network/needs.ts'
import type { Effect } from './effect.ts'
import type { Members } from './interface.ts'
import { interfaceNamed, isInterface } from './table.ts'

/**
 * What of a release's requests is open on a device: those that count and that this version knows, in order
 * of name, without their reasons.
 */
export function openedRequests(
  requested: readonly InterfaceRequest[],
  counted: readonly string[],
): InterfaceRequest[] {
  return requested
    .filter(one => counted.includes(one.interface) && isInterface(one.interface))
    .map(({ reason: _, ...one }) => one)
    .sort((a, b) => (a.interface < b.interface ? -1 : 1))
}

/** What a request opens. Members that this version does not know are passed over. docs/decisions/0013 */
export function effectOf(request: InterfaceRequest): Effect {
  const { effect, bare } = interfaceNamed(request.interface)
  const members = membersIn(request)
  if (bare !== undefined && Object.keys(members).length === 0) return effect({})
  return effect(tolerated(request.interface, members))
}

function tolerated(name: string, members: Members): Members {
  try {
    return parsersOf(name).tolerant(members) as Members
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    throw new ConfineError('confine/request', error.message, { name })
  }
}

/**
 * Every fault of a request as a publisher wrote it, by its place in the request. `settings` are the package's
 * own at their defaults. A request of an interface that there is not has none: its reader names it.
 */
export function faultsInRequest(
  request: InterfaceRequest,
  settings: SettingValues = {},
): SchemaFault[] {
  if (!isInterface(request.interface)) return []
  const members = membersIn(request)
  const { bare } = interfaceNamed(request.interface)
  if (bare !== undefined && Object.keys(members).length === 0) {
    return [{ path: '', message: `must say more: ${bare}` }]
  }
  try {
    parsersOf(request.interface).strict(members)
    return faultsInNetwork(request, settings)
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    return [...error.faults]
  }
}

/**
 * Faults of requests that exclude each other: in the device's own network nothing holds an app to the hosts
 * that it declares. Requests with faults of their own, or of no interface, are passed over.
 */
export function faultsTogether(requests: readonly InterfaceRequest[]): SchemaFault[] {
  const sound = requests.filter(one => isInterface(one.interface) && isSound(one))
  const filtered = sound.find(one => effectOf(one).network)
  if (filtered === undefined) return []
  return requests.flatMap((request, i) => {
    if (!sound.includes(request) || !effectOf(request).hostNetwork) return []
    const hint =
      'put one of them into a package of its own, and let them meet by the interface service'
    const message = `must not stand beside ${filtered.interface}: ${hint}`
    return [{ path: `/${i}`, message }]
  })
}

function isSound(request: InterfaceRequest): boolean {
  try {
    effectOf(request)
    return true
  } catch (error) {
    if (error instanceof ConfineError) return false
    throw error
  }
}

/** Hosts and ports are looked at one by one, so that each fault has its place. */
function faultsInNetwork(request: InterfaceRequest, settings: SettingValues): SchemaFault[] {
  return Object.entries(membersIn(request)).flatMap(([member, value]) => {
    const items = Array.isArray(value) ? value : []
    return items.flatMap((item, i) => {
      const alone = { interface: request.interface, [member]: [item] }
      return faultIn(() => networkNeeds([alone], settings), `/${member}/${i}`)
    })
  })
}

function faultIn(look: () => unknown, path: string): SchemaFault[] {
  try {
    look()
    return []
  } catch (error) {
    if (!(error instanceof ConfineError)) throw error
    return [{ path, message: `is refused: ${error.message}` }]
  }
}

/** All of a request that its interface reads. */
function membersIn({ interface: _, reason: __, ...members }: InterfaceRequest): Members {
  return members
}

interface Parsers {
  readonly strict: Parser<unknown>
  readonly tolerant: Parser<unknown>
}

const parsers = new Map<string, Parsers>()

function parsersOf(name: string): Parsers {
  const schema = interfaceNamed(name).members
  const made = parsers.get(name) ?? {
    strict: parserOf(`request for ${name}`, schema),
    tolerant: parserOf(`request for ${name}`, opened(schema)),
  }
  parsers.set(name, made)
  return made
}
