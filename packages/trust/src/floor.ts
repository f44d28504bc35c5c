import { digestOf, toCanonical, toUtf8 } from '@steadfleet/base'
import { readJson } from './envelope.ts'
import { TrustError } from './error.ts'
import { count, mapOf, positive, record } from './shape.ts'

/**
 * The lowest revision, version or counter that a device will ever accept again, by name:
 * `order`, `owner-root`, `policy`, `package/acme/greenhouse`, `catalogue/acme/root`.
 */
export type Floors = ReadonlyMap<string, number>

/** One of the two copies of the floors. Each write goes to the older copy with the next generation. */
export interface FloorCell {
  readonly generation: number
  readonly floors: Floors
}

/** The newest cell that is whole, and which of the two to write next. */
export interface FloorReading extends FloorCell {
  readonly next: 'a' | 'b'
}

/** The floors of both, the higher of each: a floor never falls. */
export function raiseFloors(held: Floors, raised: Floors): Floors {
  const floors = new Map(held)
  for (const [name, floor] of raised) floors.set(name, Math.max(floor, floors.get(name) ?? 0))
  return floors
}

/** The name of a package's floor. */
export function packageFloor(packageName: string): string {
  return `package/${packageName}`
}

/** A cell as bytes: the canonical JSON on one line, its digest on the next. */
export function encodeFloorCell({ generation, floors }: FloorCell): Uint8Array {
  const body = toCanonical({ floors: Object.fromEntries(floors), generation, type: 'floors' })
  return new Uint8Array(Buffer.concat([body, toUtf8(`\n${digestOf(body)}\n`)]))
}

/**
 * The newest whole cell of the two. A cell that is torn, zeroed or missing loses to the other; when
 * both files are missing the device is new; when neither is whole, nothing may be trusted.
 */
export function readFloorCells(a: Uint8Array | undefined, b: Uint8Array | undefined): FloorReading {
  if (a === undefined && b === undefined) return { generation: 0, floors: new Map(), next: 'a' }
  const first = wholeCell(a)
  const second = wholeCell(b)
  if (first && (second === undefined || first.generation >= second.generation)) {
    return { ...first, next: 'b' }
  }
  if (second) return { ...second, next: 'a' }
  throw new TrustError('trust/torn-state', 'cannot read the floors: neither cell is whole')
}

const cell = record({ generation: positive, floors: mapOf(count) })

/** A torn cell is an expected finding with a second way, the other cell; so it is no error here. */
function wholeCell(bytes: Uint8Array | undefined): FloorCell | undefined {
  if (bytes === undefined) return undefined
  const end = bytes.indexOf(0x0a)
  const body = bytes.subarray(0, Math.max(end, 0))
  const expected = toUtf8(`\n${digestOf(body)}\n`)
  if (end < 0 || Buffer.compare(expected, bytes.subarray(end)) !== 0) return undefined
  try {
    return cell(readJson(body, 'floor cell'), 'floor cell')
  } catch (error) {
    if (error instanceof TrustError) return undefined // another file in its place
    throw error
  }
}
