import type { Paths } from '../disk/paths.ts'
import type { ObjectStore } from '../store/objects.ts'
import type { TreeStore } from '../store/trees.ts'
import type { Grace } from './rejected-data.ts'

/** Where a device keeps what it runs. */
export interface Stores {
  readonly paths: Paths
  readonly objects: ObjectStore
  readonly trees: TreeStore
  /** Bytes under which the store keeps what nobody needs any more; 0 keeps nothing of it. */
  readonly limit: number
  /** Of data that was put aside. */
  readonly grace: Grace
}
