/** What the server asks of the machine besides files; only `main.ts` and tests make one. */
export interface World {
  now(): Date
  random(length: number): Uint8Array
  readonly pid: number
}
