import type { Piece } from '../align.ts'
import { segmentEnd } from '../instructions.ts'
import { findSites } from './find-sites.ts'
import { targetOf } from './forms.ts'
import type { Layout } from './layout.ts'
import { Moves } from './moves.ts'
import { Sites } from './sites.ts'

/** Moves beyond this, either way, are chance. */
const farthest = 2 ** 24

/** Has each reference that both files have vote for where its target moved. */
export function vote(old: CodeFile, next: CodeFile, pieces: readonly Piece[]): Moves {
  const ballots = new Ballots()
  const sites = new Sites()
  for (const { oldAt, newAt, copy } of pieces) {
    for (let done = 0; done < copy; ) {
      const end = segmentEnd(newAt, done, copy)
      const oldPart = partOf(old, oldAt + done, oldAt + end)
      sites.clear()
      findSites(oldPart.bytes, oldPart.start, old.layout, sites)
      poll(sites, oldPart, partOf(next, newAt + done, newAt + end), ballots)
      done = end
    }
  }
  return ballots.count()
}

/** A program with its layout. */
export interface CodeFile {
  readonly bytes: Uint8Array
  readonly layout: Layout
}

interface Part extends CodeFile {
  readonly start: number
}

function partOf({ bytes, layout }: CodeFile, start: number, end: number): Part {
  return { bytes: bytes.subarray(start, end), layout, start }
}

function poll(sites: Sites, old: Part, next: Part, ballots: Ballots): void {
  for (let i = 0; i < sites.count; i++) {
    const was = targetIn(old, sites, i)
    if (was < 0) continue
    const is = targetIn(next, sites, i)
    if (is >= 0) ballots.add(was, is - was)
  }
}

function targetIn({ bytes, layout, start }: Part, sites: Sites, index: number): number {
  return targetOf(sites.reference(index, bytes, start, layout.segments), layout)
}

/** Votes as numbers: a target's address times 2²⁵, and its move. */
class Ballots {
  #votes = new Float64Array(4096)
  #count = 0

  add(target: number, by: number): void {
    if (Math.abs(by) >= farthest) return
    if (this.#count === this.#votes.length) {
      const grown = new Float64Array(this.#count * 2)
      grown.set(this.#votes)
      this.#votes = grown
    }
    this.#votes[this.#count++] = target * 2 * farthest + by + farthest
  }

  /** A target goes with the one before it unless two votes more speak for another move. */
  count(): Moves {
    const votes = this.#votes.subarray(0, this.#count).sort()
    const from: number[] = []
    const moves: number[] = []
    let current = 0
    for (let i = 0; i < votes.length; ) {
      const target = Math.floor((votes[i] ?? 0) / (2 * farthest))
      const { best, bestCount, currentCount, end } = tally(votes, i, target, current)
      const isWorth = currentCount === 0 ? bestCount > 0 : bestCount - currentCount >= 2
      if (best !== current && isWorth) {
        from.push(target)
        moves.push(best)
        current = best
      }
      i = end
    }
    return new Moves(Int32Array.from(from), Int32Array.from(moves))
  }
}

interface Tally {
  readonly best: number
  readonly bestCount: number
  readonly currentCount: number
  readonly end: number
}

/** Counts the sorted votes of one target, which begin at `from`. */
function tally(votes: Float64Array, from: number, target: number, current: number): Tally {
  const least = target * 2 * farthest
  let best = 0
  let bestCount = 0
  let currentCount = 0
  let end = from
  while ((votes[end] ?? Number.POSITIVE_INFINITY) < least + 2 * farthest) {
    const start = end
    end = endOfRun(votes, start)
    const by = (votes[start] ?? 0) - least - farthest
    if (by === current) currentCount = end - start
    if (end - start > bestCount) [bestCount, best] = [end - start, by]
  }
  return { best, bestCount, currentCount, end }
}

function endOfRun(votes: Float64Array, start: number): number {
  let end = start
  while (end < votes.length && votes[end] === votes[start]) end++
  return end
}
