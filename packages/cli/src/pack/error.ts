import { CodedError } from '@steadfleet/base'

/** Every way in which packing refuses. */
export type PackErrorCode =
  | 'manifest/fault'
  | 'manifest/missing'
  | 'pack/architecture'
  | 'pack/source'
  | 'pack/name'
  | 'pack/special-file'
  | 'pack/setuid'
  | 'pack/conflict'
  | 'pack/changed'
  | 'pack/command'
  | 'pack/archive'
  | 'pack/not-packed'
  | 'debian/tool'
  | 'debian/unreachable'
  | 'debian/unknown-package'
  | 'debian/version-gone'
  | 'debian/unsatisfied'
  | 'debian/digest'

/** Raised when a package cannot be made from its manifest and sources. */
export class PackError extends CodedError<PackErrorCode> {}

/** Whether the system refused with this error number, `ENOENT` for one. */
export function isErrno(fault: unknown, code: string): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === code
}
