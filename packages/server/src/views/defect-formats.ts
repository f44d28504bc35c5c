import type { DefectView } from '@steadfleet/protocol'
import { formatsOf } from './table-formats.ts'

/** How failures by fingerprint are written to a file. */
export const defectFormats = formatsOf<DefectView>([
  ...(['id', 'fleet', 'fingerprint', 'state', 'kind', 'package', 'app', 'exit', 'signal'] as const),
  ...(['title', 'firstSeen', 'lastSeen', 'firstRevision', 'lastRevision', 'isNew'] as const),
  ...(['count', 'devices', 'resolvedAfter', 'changedBy', 'changedAt'] as const),
])
