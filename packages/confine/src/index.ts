export * from './environment.ts'
export * from './error.ts'
export {
  allowedInterfaces,
  type Ceiling,
  type Interface,
  type InterfaceName,
  interfaceNamed,
  interfaceNames,
  interfaces,
} from './interfaces.ts'
export * from './network/index.ts'
export * from './sandbox.ts'
export { toSeccompFilter } from './seccomp.ts'
