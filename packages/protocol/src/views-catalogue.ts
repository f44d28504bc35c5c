import { DigestSchema, object, PublisherName, Timestamp } from '@steadfleet/domain'
import { type Static, Type } from 'typebox'

/** A catalogue that the server serves: its own, or a mirror of another party's. */
export const CatalogueView = object({
  name: PublisherName,
  /** Of its first root; what a policy pins. */
  root: DigestSchema,
  /** Where it is mirrored from; null for an own one. */
  origin: Type.Union([Type.String(), Type.Null()]),
  publishers: Type.Array(PublisherName),
  /** When the first of its files expires; null for a mirror that has nothing yet. */
  expires: Type.Union([Timestamp, Type.Null()]),
})
export type CatalogueView = Static<typeof CatalogueView>
