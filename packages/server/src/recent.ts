/** What was looked up last, by name, and no more of it than was said. */
export interface Recent<V> {
  get(name: string): V | undefined
  set(name: string, value: V): void
  delete(name: string): void
  clear(): void
}

/** Keeps the `most` that were asked for last. */
export function makeRecent<V>(most: number): Recent<V> {
  const held = new Map<string, V>()
  const set = (name: string, value: V): void => {
    held.delete(name)
    held.set(name, value)
    if (held.size <= most) return
    const { value: oldest } = held.keys().next()
    if (oldest !== undefined) held.delete(oldest)
  }
  return {
    get(name) {
      const value = held.get(name)
      if (value !== undefined) set(name, value)
      return value
    },
    set,
    delete: name => void held.delete(name),
    clear: () => held.clear(),
  }
}
