import type { Transport } from '@steadfleet/protocol'

/** What the server asks of the machine besides files; only `main.ts` and tests make one. */
export interface World {
  now(): Date
  random(length: number): Uint8Array
  readonly pid: number
  /** Carries requests to the servers of other parties' catalogues. */
  readonly transport: Transport
}
