export type { Attempts } from './attempts.ts'
export { Isolating } from './isolating.ts'
export { Networks, type Way } from './networks.ts'
