import type { CatalogueStore } from '@steadfleet/trust'

/** A store that begins empty and ends with the program. */
export function memoryStore(): CatalogueStore {
  const files = new Map<string, Uint8Array>()
  return {
    read: async name => files.get(name),
    async commit(changed) {
      for (const [name, bytes] of changed) files.set(name, bytes)
    },
  }
}
