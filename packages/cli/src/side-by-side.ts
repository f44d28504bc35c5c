/** So many requests wait for their replies at a time. */
const most = 16

/** What `act` makes of each, in their order; a few at a time, since a server is asked. */
export async function sideBySide<A, B>(
  items: readonly A[],
  act: (item: A) => Promise<B>,
): Promise<B[]> {
  const made: B[] = []
  const waiting = items.entries()
  const one = async (): Promise<void> => {
    for (const [i, item] of waiting) made[i] = await act(item)
  }
  await Promise.all(Array.from({ length: most }, one))
  return made
}
