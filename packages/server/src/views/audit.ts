import type { AuditEntry } from '@steadfleet/protocol'
import { formatsOf } from './table-formats.ts'

/** How the log is written to a file. */
export const auditFormats = formatsOf<AuditEntry>([
  ...(['sequence', 'at', 'by', 'place', 'act', 'fleet', 'subject', 'before', 'after'] as const),
  ...(['previous', 'hash'] as const),
])
