export type { Attempts } from './attempts.ts'
export { type Isolation, Networks, type Way } from './networks.ts'
