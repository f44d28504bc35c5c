import { CodedError } from '@steadfleet/base'

/** Every way in which a tree listing or a bundle is refused. */
export type BundleErrorCode =
  | 'tree/malformed'
  | 'tree/not-canonical'
  | 'tree/path'
  | 'tree/order'
  | 'tree/too-many'
  | 'tree/parent'
  | 'tree/link-leaves'
  | 'tree/object-size'
  | 'bundle/not-a-bundle'
  | 'bundle/version'
  | 'bundle/header'
  | 'bundle/wrong-object'
  | 'bundle/too-large'
  | 'bundle/corrupt'
  | 'bundle/cut'
  | 'bundle/excess'
  | 'bundle/digest'
  | 'bundle/base'
  | 'bundle/instructions'
  | 'bundle/source'

/** Raised when bytes from outside are not the tree or bundle they claim to be. */
export class BundleError extends CodedError<BundleErrorCode> {}
