import { CodedError } from '@steadfleet/base'

export type NetworkErrorCode = 'network/tool' | 'network/no-place'

/** Raised where a package's network cannot be made as it must be. */
export class NetworkError extends CodedError<NetworkErrorCode> {}
