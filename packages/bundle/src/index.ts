export { type ByteSource, toByteSource } from './delta/byte-source.ts'
export { deltaVersion } from './delta/header.ts'
export type { DeltaTarget } from './delta/open.ts'
export type { DeltaOptions } from './delta/options.ts'
export { readDelta } from './delta/read.ts'
export { type DeltaSource, writeDelta } from './delta/write.ts'
export { BundleError, type BundleErrorCode } from './error.ts'
export {
  type BundleHeader,
  bundleVersion,
  makeHeader,
  mediaType,
  parseHeader,
} from './header.ts'
export * from './objects.ts'
export {
  type OfflineEntry,
  offlineHeadLength,
  offlineLimits,
  offlineNameLength,
  offlinePrefix,
  offlineSum,
  parseOfflineHead,
  refuseOtherPrefix,
  toOfflineHead,
} from './offline.ts'
export { faultInPath, parentOf, refusePath } from './path.ts'
export { type BundleLimits, type OpenBundle, openBundle, readBundle } from './read.ts'
export {
  digestOfTree,
  type FileEntry,
  type FileMode,
  makeTree,
  parseTree,
  type TreeEntry,
  type TreeListing,
  toTreeBytes,
} from './tree.ts'
export { type BundleObject, type WriteOptions, writeBundle } from './write.ts'
export { type OfflineContent, offlineLength, writeOffline } from './write-offline.ts'
export type { Bytes } from './zstd.ts'
