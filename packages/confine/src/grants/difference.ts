import { compareCodePoints, equalBytes, toDocument } from '@steadfleet/base'
import type { InterfaceRequest } from '@steadfleet/domain'
import { interfaceNamed, isInterface } from '../interfaces/table.ts'

/** How what a package requests of one interface changed from one revision to the next. */
export interface RequestChange {
  readonly interface: string
  /** `more` is asked where anything is asked that was not; it may ask for less beside that. */
  readonly change: 'added' | 'more' | 'less' | 'removed'
  /** What is asked for that was not, and what was and is not, a line each: `endpoints {"host":…}`. */
  readonly asks: readonly string[]
  readonly drops: readonly string[]
  /** The request as it stands now; of a removed one, as it stood. */
  readonly request: InterfaceRequest
}

/** The difference between two revisions' requests, by interface; empty where there is none. */
export function requestChanges(
  before: readonly InterfaceRequest[],
  after: readonly InterfaceRequest[],
): RequestChange[] {
  const held = byName(before)
  const now = byName(after)
  const removed = before
    .filter(one => !now.has(one.interface))
    .map(request => toChange('removed', request, [], partsOf(request)))
  const others = after.flatMap(request => {
    const was = held.get(request.interface)
    return was ? changed(was, request) : [toChange('added', request, partsOf(request), [])]
  })
  return [...removed, ...others].sort((a, b) => compareCodePoints(a.interface, b.interface))
}

function changed(was: InterfaceRequest, request: InterfaceRequest): RequestChange[] {
  const [asks, drops] = [missingIn(was, request), missingIn(request, was)]
  if (!covers(was, request)) return [toChange('more', request, asks, drops)]
  return covers(request, was) ? [] : [toChange('less', request, [], drops)]
}

function toChange(
  change: RequestChange['change'],
  request: InterfaceRequest,
  asks: readonly string[],
  drops: readonly string[],
): RequestChange {
  return { interface: request.interface, change, asks, drops, request }
}

function byName(requests: readonly InterfaceRequest[]): Map<string, InterfaceRequest> {
  return new Map(requests.map(one => [one.interface, one]))
}

/**
 * Whether all that `wanted` asks for was granted with `granted`. An item of a list must stand in the other as it
 * is; a word for all, as `endpoints: anywhere`, covers any list. What narrows a request, and is left out, asks for
 * more. In doubt it is more: then somebody is asked who need not have been.
 */
export function covers(granted: InterfaceRequest, wanted: InterfaceRequest): boolean {
  if (granted.interface !== wanted.interface) return false
  if (isBare(granted)) return true
  if (isBare(wanted)) return false
  const members = new Set([...membersOf(granted), ...membersOf(wanted)])
  return [...members].every(name => coversMember(granted[name], wanted[name]))
}

/** A request of before members were written asks for all there is, where the interface has any. */
function isBare(request: InterfaceRequest): boolean {
  const { interface: name } = request
  const hasBare = !isInterface(name) || interfaceNamed(name).bare !== undefined
  return hasBare && membersOf(request).length === 0
}

function coversMember(granted: unknown, wanted: unknown): boolean {
  if (typeof granted === 'string' && Array.isArray(wanted)) return true
  if (Array.isArray(granted)) {
    const items = wanted ?? []
    return Array.isArray(items) && items.every(item => granted.some(one => isSame(one, item)))
  }
  if (granted === true && wanted === undefined) return true
  return isSame(granted, wanted) || (granted === undefined && wanted === false)
}

function membersOf(request: InterfaceRequest): string[] {
  return Object.keys(request).filter(name => name !== 'interface' && name !== 'reason')
}

/** Each thing that a request asks for, as a line. */
function partsOf(request: InterfaceRequest): string[] {
  return membersOf(request).flatMap(name => {
    const value = request[name]
    const items = Array.isArray(value) ? value : [value]
    return items.map(item => `${name} ${toText(item)}`)
  })
}

function missingIn(held: InterfaceRequest, request: InterfaceRequest): string[] {
  const there = partsOf(held)
  return partsOf(request).filter(part => !there.includes(part))
}

function toText(value: unknown): string {
  return typeof value === 'object' ? Buffer.from(toDocument(value)).toString() : String(value)
}

function isSame(a: unknown, b: unknown): boolean {
  if (a === undefined || b === undefined) return a === b
  return equalBytes(toDocument(a), toDocument(b))
}
