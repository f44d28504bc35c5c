import { Timestamp } from './identifiers.ts'
import { parserOf } from './schema.ts'

/**
 * When somebody last asked that a device try again what failed on it for good. A device heeds each such time once,
 * and none that is not later than the last.
 */
export const parseOrderedTry = parserOf('ordered try', Timestamp)
