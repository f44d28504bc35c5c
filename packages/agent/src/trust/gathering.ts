import type { CatalogueStore } from '@steadfleet/trust'

/** A store whose commits wait in memory, to reach the disk together. */
export interface Gathering extends CatalogueStore {
  /** Commits what waits as one; whoever gathers calls it at the end, and after a refusal too. */
  readonly keep: () => Promise<void>
}

/**
 * Makes one commit of all that a refresh makes: a cut of power leaves what was trusted before it, or
 * all that it verified. A file whose commit fails goes on waiting.
 */
export function gathering(store: CatalogueStore): Gathering {
  const waiting = new Map<string, Uint8Array>()
  return {
    async read(name) {
      const bytes = waiting.get(name)
      if (bytes === undefined) return store.read(name)
      return bytes.length > 0 ? bytes : undefined
    },
    async commit(files) {
      for (const [name, bytes] of files) waiting.set(name, bytes)
    },
    async keep() {
      const files = new Map(waiting)
      if (files.size > 0) await store.commit(files)
      for (const [name, bytes] of files) if (waiting.get(name) === bytes) waiting.delete(name)
    },
  }
}
