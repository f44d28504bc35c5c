import {
  DefectState,
  DeviceId,
  DigestSchema,
  Failure,
  FleetName,
  object,
  PackageName,
  Revision,
  Timestamp,
} from '@steadfleet/domain'
import { type Static, Type } from 'typebox'
import { FailureView, ReleaseView } from './views.ts'

const Count = Type.Integer({ minimum: 0 })

/** A defect: all failures of a fleet that have one fingerprint. */
export const DefectView = object({
  id: Type.Integer({ minimum: 1 }),
  fleet: FleetName,
  fingerprint: DigestSchema,
  state: DefectState,
  kind: Failure.properties.kind,
  package: PackageName,
  app: Type.Optional(Type.String()),
  exit: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String()),
  /** The line that says most about it. */
  title: Type.String(),
  firstSeen: Timestamp,
  lastSeen: Timestamp,
  firstRevision: Revision,
  lastRevision: Revision,
  /** It was first seen in the newest revision that was published. */
  isNew: Type.Boolean(),
  count: Count,
  devices: Count,
  /** How often in each of the last 24 hours, the oldest first. */
  trend: Type.Array(Count, { minItems: 24, maxItems: 24 }),
  /** Of one that is resolved: the last revision that may still have it. */
  resolvedAfter: Type.Optional(Revision),
  /** Who last said something of it, and when. */
  changedBy: Type.Optional(Type.String()),
  changedAt: Type.Optional(Timestamp),
})
export type DefectView = Static<typeof DefectView>

export const DefectDetails = object({
  ...DefectView.properties,
  revisions: Type.Array(
    object({ revision: Revision, count: Count, firstSeen: Timestamp, lastSeen: Timestamp }),
  ),
  /** The hundred that had it last. */
  hit: Type.Array(
    object({
      device: DeviceId,
      deviceName: Type.String(),
      revision: Revision,
      count: Count,
      lastSeen: Timestamp,
    }),
  ),
  /** By the hour, further back by the day, then by 30 days. */
  counts: Type.Array(object({ at: Timestamp, seconds: Count, count: Count })),
  /** The first, and the newest: each with its log. */
  samples: Type.Array(FailureView),
  /** The last revision that has it, for each architecture: its record, tree, SBOM and provenance. */
  releases: Type.Array(ReleaseView),
})
export type DefectDetails = Static<typeof DefectDetails>
