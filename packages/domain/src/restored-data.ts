import { Type } from 'typebox'
import { PackageName } from './identifiers.ts'
import { parserOf } from './schema.ts'

/**
 * Packages that are to have the data that their ordered release left on a device, where the device goes back to it
 * from a later one.
 */
export const RestoredData = Type.Array(PackageName, { maxItems: 1000, uniqueItems: true })
export const parseOrderedRestores = parserOf('ordered restore of data', RestoredData)
