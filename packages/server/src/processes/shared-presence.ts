import type { Presence } from '../presence.ts'
import type { Notices } from './notices.ts'

/** Presence of which the other processes hear, and which hears of theirs. */
export interface SharedPresence extends Presence {
  /** A device holds a stream of another process, or does not any more. */
  hear(kind: 'arrived' | 'left', device: string, from: string): void
  /** A process is gone, and with it its streams. */
  miss(from: string): void
  /** Tells another process of all streams here. */
  tellAll(): void
}

export function sharePresence(presence: Presence, notices: () => Notices): SharedPresence {
  const here = new Map<string, number>()
  const elsewhere = new Map<string, Set<string>>()
  return {
    ...presence,
    arrived(device) {
      here.set(device, (here.get(device) ?? 0) + 1)
      presence.arrived(device)
      notices().tell({ kind: 'arrived', device })
    },
    left(device) {
      const open = (here.get(device) ?? 1) - 1
      if (open > 0) here.set(device, open)
      else here.delete(device)
      presence.left(device)
      if (open <= 0) notices().tell({ kind: 'left', device })
    },
    hear(kind, device, from) {
      const held = elsewhere.get(from) ?? new Set()
      elsewhere.set(from, held)
      if (kind === 'arrived' && !held.has(device)) {
        held.add(device)
        presence.arrived(device)
      }
      if (kind === 'left' && held.delete(device)) presence.left(device)
    },
    miss(from) {
      for (const device of elsewhere.get(from) ?? []) presence.left(device)
      elsewhere.delete(from)
    },
    tellAll() {
      for (const device of here.keys()) notices().tell({ kind: 'arrived', device })
    },
  }
}
