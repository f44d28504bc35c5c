import type { FleetView } from '@steadfleet/protocol'
import { createContext, use } from 'react'

/** The fleet that the page is about, and the way to another one. */
export interface ChosenFleet {
  readonly fleet: FleetView
  readonly fleets: readonly FleetView[]
  choose(name: string): void
}

/** Given by the shell to every page inside it. */
export const FleetContext = createContext<ChosenFleet | undefined>(undefined)

/** The fleet that the page is about. */
export function useFleet(): ChosenFleet {
  const chosen = use(FleetContext)
  if (!chosen) throw new TypeError('useFleet is called outside the shell')
  return chosen
}
