/**
 * What `act` makes of each, in their order; at most `most` are under way at a time, as a server that is
 * asked would have it. The first that rejects rejects all.
 */
export async function sideBySide<A, B>(
  items: readonly A[],
  act: (item: A) => Promise<B>,
  most = 8,
): Promise<B[]> {
  const made: B[] = []
  const waiting = items.entries()
  const lane = async (): Promise<void> => {
    for (const [i, item] of waiting) made[i] = await act(item)
  }
  await Promise.all(Array.from({ length: most }, lane))
  return made
}
