import type { PretendCatalogue } from './pretend-catalogue.ts'

/** One way to deceive a client that trusted the catalogue a moment ago. */
export interface Attack {
  readonly name: string
  /** What our client answers. */
  readonly code: string
  /** Where tuf-js is more lenient than we are, it says so here and is not asked. */
  readonly isOurs?: true
  readonly strike: (catalogue: PretendCatalogue, now: Date) => Promise<void>
}
