export { type Address, parseAddress, toAddress } from './address.ts'
export * from './hosts.ts'
export * from './members.ts'
export * from './needs.ts'
