export { PackError, type PackErrorCode } from './error.ts'
export { hygieneLines, type JudgedFinding } from './hygiene.ts'
export { anyOf, archivedInputs, archiveInputs, type InputStore } from './inputs.ts'
export { lockedBuild, repeatLocked, writeLock } from './lock.ts'
export { type DeclaredPackage, declare, parseManifest, readManifest } from './manifest.ts'
export { ManifestError, type ManifestFault } from './manifest-error.ts'
export type { ObjectContent } from './object-content.ts'
export type { PackOptions } from './options.ts'
export {
  type PackedRelease,
  type PackResult,
  pack,
} from './pack.ts'
export { bundleOf, readPacked, sizeInPacked, type WrittenBundle, writePacked } from './packed.ts'
export type { OnProgress, PackProgress } from './progress.ts'
export { toRecordBytes } from './release.ts'
export { needsOf } from './release-mud.ts'
export type { Repeat } from './source.ts'
export { ContentStore } from './store.ts'
