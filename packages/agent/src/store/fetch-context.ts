import type { Digest } from '@steadfleet/base'
import type { Paths } from '../disk/paths.ts'
import type { DeltaJob } from './apply-delta.ts'
import type { ObjectStore } from './objects.ts'
import type { Sources } from './sources.ts'

/** What fetching needs of the agent. `suspect` hears of content that was not what was signed. */
export interface FetchContext {
  readonly sources: Sources
  readonly paths: Paths
  readonly objects: ObjectStore
  readonly suspect: (error: unknown) => void
  /** Waits as long as the bandwidth that fetching may take wants it. */
  readonly throttle: (bytes: number) => Promise<void>
  /** Content comes by bundles alone, however little of it is missing. */
  readonly isBundled?: boolean
  /** Makes the wanted objects of a delta, each of which was checked. */
  readonly applyDelta: (job: DeltaJob, stop: AbortSignal) => AsyncIterable<Digest>
}

/** Asks for what follows the first `offset` bytes. */
export function range(offset: number): Record<string, string> {
  return offset > 0 ? { range: `bytes=${offset}-` } : {}
}
