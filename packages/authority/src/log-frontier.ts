import { nodeHash, type TreeHead } from '@steadfleet/trust'

/**
 * The roots of the whole subtrees that a tree is made of, from the widest to the narrowest: all of a tree
 * that one must hold to append to it. One for each bit of its size. RFC 6962 §2.1
 */
export interface Frontier {
  readonly size: number
  readonly roots: readonly Uint8Array[]
}

export const emptyFrontier: Frontier = { size: 0, roots: [] }

/** The frontier after these leaves more, given by their hashes. */
export function growFrontier(frontier: Frontier, leafHashes: Iterable<Uint8Array>): Frontier {
  const roots = [...frontier.roots]
  let { size } = frontier
  for (const leaf of leafHashes) {
    let node = leaf
    // As in binary addition: each bit that is set is carried.
    for (let bits = size; bits % 2 === 1; bits = Math.floor(bits / 2)) {
      node = nodeHash(roots.pop() ?? node, node)
    }
    roots.push(node)
    size += 1
  }
  return { size, roots }
}

/** The head of the tree, or undefined for the empty one. */
export function frontierHead({ size, roots }: Frontier): TreeHead | undefined {
  if (roots.length === 0) return undefined
  return { size, root: roots.reduceRight((right, left) => nodeHash(left, right)) }
}
