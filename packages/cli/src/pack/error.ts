import { CodedError, type Details } from '@steadfleet/base'

/** Every way in which packing refuses. */
export type PackErrorCode =
  | 'manifest/fault'
  | 'manifest/missing'
  | 'pack/architecture'
  | 'pack/source'
  | 'pack/name'
  | 'pack/special-file'
  | 'pack/setuid'
  | 'pack/hygiene'
  | 'pack/conflict'
  | 'pack/changed'
  | 'pack/command'
  | 'pack/archive'
  | 'pack/bundle'
  | 'pack/unpack'
  | 'pack/lock'
  | 'pack/locked'
  | 'pack/input-gone'
  | 'debian/tool'
  | 'debian/unreachable'
  | 'debian/unknown-package'
  | 'debian/version-gone'
  | 'debian/unsatisfied'
  | 'debian/digest'

/** What to try next, by code; a row here is a promise that the advice helps. */
const hints: Readonly<Partial<Record<PackErrorCode, string>>> = {
  'manifest/missing': 'name a folder that holds a steadfleet.yaml, or the file itself',
  'pack/setuid': "list it under 'setuid' with the reason, or leave it out with 'exclude'",
  'pack/hygiene': "leave it out with 'exclude', or accept it with the reason under 'hygiene'",
  'pack/conflict': "leave one of the two out with 'exclude'",
  'pack/command': 'a command is a path inside the tree; is its source there, and is it executable?',
  'pack/special-file': "leave it out with 'exclude'",
  'pack/unpack':
    "is it what its name says? leave it out of 'unpack' otherwise; .xz needs the command xz",
  'pack/lock': 'pack without --locked once: that writes steadfleet.lock anew',
  'pack/locked':
    'pack without --locked to take what is there now, and look at what changed in the lock',
  'pack/input-gone': 'name the archive that has it with --archive',
  'pack/bundle': "make it with 'steadfleet pack DIR --out FILE'",
  'debian/tool': 'pack Debian packages on a machine that has apt and dpkg',
  'debian/unreachable': 'is the network there? what was downloaded before is packed without it',
  'debian/unsatisfied': "name a version that fits, or leave the dependency out with 'stop-at'",
}

/** Raised when a package cannot be made from its manifest and sources. */
export class PackError extends CodedError<PackErrorCode> {
  constructor(code: PackErrorCode, message: string, details: Details = {}, options?: ErrorOptions) {
    const hint = hints[code]
    super(code, message, hint === undefined ? details : { ...details, hint }, options)
  }
}

/** Whether the system refused with this error number, `ENOENT` for one. */
export function isErrno(fault: unknown, code: string): boolean {
  return fault instanceof Error && 'code' in fault && fault.code === code
}
