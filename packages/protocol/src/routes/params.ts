import { Type } from 'typebox'

/** How much of a list is asked for, and from where on. */
export const page = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  after: Type.Optional(Type.Integer()),
}

/** A package as two segments of a path. */
export const publisherAndName = {
  publisher: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }),
  name: Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' }),
}
