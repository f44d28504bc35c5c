export * from './environment.ts'
export * from './error.ts'
export * from './grants/index.ts'
export type * from './interfaces/effect.ts'
export type { Interface } from './interfaces/interface.ts'
export { effectOf, faultsInRequest, faultsTogether, openedRequests } from './interfaces/request.ts'
export {
  type InterfaceName,
  interfaceNamed,
  interfaceNames,
  interfaces,
} from './interfaces/table.ts'
export * from './network/index.ts'
export * from './sandbox.ts'
export { toSeccompFilter } from './seccomp.ts'
