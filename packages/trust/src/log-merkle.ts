import { createHash } from 'node:crypto'
import { equalBytes } from '@steadfleet/base'

/** A Merkle tree as a checkpoint tells of it: how many leaves, and the root over them. */
export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/** The hash of a leaf's bytes; never that of a node. RFC 6962 §2.1 */
export function leafHash(leaf: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(leafMark).update(leaf).digest())
}

/** The hash of a node over its two children. RFC 6962 §2.1 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(nodeMark).update(left).update(right).digest())
}

const leafMark = new Uint8Array([0])
const nodeMark = new Uint8Array([1])

/** True if the leaf of this hash stands at `index` of the tree. RFC 9162 §2.1.3.2 */
export function isIncluded(
  { size, root }: TreeHead,
  index: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) return false
  if (![leaf, ...proof].every(isHash)) return false
  const climb = startAt(index, size - 1)
  const found = proof.reduce((hash, sibling) => {
    return climb.step() === 'left' ? nodeHash(sibling, hash) : nodeHash(hash, sibling)
  }, leaf)
  return climb.isDone() && equalBytes(found, root)
}

/**
 * True if the newer tree is the older one with leaves appended. Nothing is said of empty trees: all
 * is consistent with them. RFC 9162 §2.1.4.2
 */
export function isConsistent(
  older: TreeHead,
  newer: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!isSize(older.size) || !isSize(newer.size) || older.size > newer.size) return false
  if (![older.root, newer.root, ...proof].every(isHash)) return false
  if (older.size === newer.size) return proof.length === 0 && equalBytes(older.root, newer.root)
  // A whole older tree is a node of the newer: its root is where the climb begins. §2.1.4.2 (1)
  const [first, ...rest] = isPowerOfTwo(older.size) ? [older.root, ...proof] : proof
  return first !== undefined && meetsBoth(older, newer, first, rest)
}

function meetsBoth(
  older: TreeHead,
  newer: TreeHead,
  first: Uint8Array,
  proof: readonly Uint8Array[],
): boolean {
  const climb = startAt(older.size - 1, newer.size - 1)
  climb.skipRight()
  let [was, is] = [first, first]
  for (const sibling of proof) {
    const isLeft = climb.step() === 'left'
    if (isLeft) was = nodeHash(sibling, was)
    is = isLeft ? nodeHash(sibling, is) : nodeHash(is, sibling)
  }
  return climb.isDone() && equalBytes(was, older.root) && equalBytes(is, newer.root)
}

/** A climb from a node to the root beside the last node of each level: `fn` and `sn` of RFC 9162. */
interface Climb {
  /** On which side the next hash of the proof stands. */
  step(): 'left' | 'right'
  /** Climbs for as long as the node is a right child. */
  skipRight(): void
  /** True if the root is reached, and not one step more was asked for. */
  isDone(): boolean
}

function startAt(index: number, last: number): Climb {
  let [fn, sn, isOver] = [index, last, false]
  const up = () => {
    // Division, not shifts: sizes go beyond 32 bits.
    fn = Math.floor(fn / 2)
    sn = Math.floor(sn / 2)
  }
  return {
    step() {
      isOver ||= sn === 0
      const isLeft = fn % 2 === 1 || fn === sn
      if (isLeft) while (fn % 2 === 0 && fn !== 0) up()
      up()
      return isLeft ? 'left' : 'right'
    },
    skipRight() {
      while (fn % 2 === 1) up()
    },
    isDone: () => sn === 0 && !isOver,
  }
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size > 0
}

function isHash(bytes: Uint8Array): boolean {
  return bytes.length === 32
}

function isPowerOfTwo(size: number): boolean {
  return 2 ** Math.floor(Math.log2(size)) === size
}
