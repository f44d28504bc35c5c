import { CodedError } from '@steadfleet/base'

/** Every way in which a gateway refuses. */
export type GatewayErrorCode =
  | 'gateway/usage'
  | 'gateway/config'
  | 'gateway/file'
  | 'gateway/rolled-back'
  | 'gateway/rules'
  | 'gateway/kernel'
  | 'gateway/resolver'

/** Raised when a network is not, or would not be, kept to its MUD files. */
export class GatewayError extends CodedError<GatewayErrorCode> {}
