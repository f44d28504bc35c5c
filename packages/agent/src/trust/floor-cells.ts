import { join } from 'node:path'
import { equalBytes, isCoded } from '@steadfleet/base'
import {
  encodeFloorCell,
  type FloorCell,
  type FloorReading,
  readFloorCells,
} from '@steadfleet/trust'
import { readIfThere, writeDurably } from '../disk/durable.ts'

/**
 * Where the floors are kept, apart from the state that they guard. Two files here; where there is a
 * TPM, an NV counter that must equal the cell's generation can stand behind the same three words.
 */
export interface FloorCells {
  /** The newest whole cell; undefined on a new device, and where no cell is whole. */
  read(): Promise<FloorCell | undefined>
  /** Durable once it settles; cut short at any instant, the cell before or this one is read. */
  write(cell: FloorCell): Promise<void>
}

/** Both files are written each time, the older first: so one of them may tear and nothing is lost. */
export class FloorFiles implements FloorCells {
  readonly #directory: string
  #next: 'a' | 'b' = 'a'

  constructor(directory: string) {
    this.#directory = directory
  }

  async read(): Promise<FloorCell | undefined> {
    const [a, b] = [await readIfThere(this.#at('a')), await readIfThere(this.#at('b'))]
    const reading = readingOf(a, b)
    if (reading === undefined || reading.generation === 0) return undefined
    this.#next = reading.next
    if (a === undefined || b === undefined || !equalBytes(a, b)) await this.write(reading)
    return reading
  }

  async write(cell: FloorCell): Promise<void> {
    const bytes = encodeFloorCell(cell)
    const other = this.#next === 'a' ? 'b' : 'a'
    await writeDurably(this.#at(this.#next), bytes)
    await writeDurably(this.#at(other), bytes)
  }

  #at(cell: 'a' | 'b'): string {
    return join(this.#directory, `floors-${cell}`)
  }
}

function readingOf(a: Uint8Array | undefined, b: Uint8Array | undefined): FloorReading | undefined {
  try {
    return readFloorCells(a, b)
  } catch (error) {
    // The second way is the state itself: every version and counter that it has come to.
    if (isCoded(error, 'trust/torn-state')) return undefined
    throw error
  }
}
