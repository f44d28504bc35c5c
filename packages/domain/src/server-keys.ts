import { Type } from 'typebox'
import { DigestSchema } from './identifiers.ts'
import { parserOf } from './schema.ts'

/** Digests of the public keys (SPKI) that a server may be known by, as an order says them. */
export const parseServerKeys = parserOf(
  'ordered keys of the server',
  Type.Array(DigestSchema, { minItems: 1, maxItems: 20 }),
)
