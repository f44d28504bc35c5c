import type { Table } from '@steadfleet/base'
import type { Static } from 'typebox'
import { oneOf } from './schema.ts'

/** What people made of a defect: all failures of a fleet that have one fingerprint. */
export const DefectState = oneOf('open', 'resolved', 'regressed', 'ignored')
export type DefectState = Static<typeof DefectState>
export type DefectEvent = 'resolve' | 'regress' | 'ignore' | 'reopen'

/**
 * The life of a defect. `regress` is raised by the platform, when a resolved one fails in a revision in which it
 * should be gone; the rest by a person.
 */
export const defectTable = {
  open: { resolve: 'resolved', ignore: 'ignored' },
  regressed: { resolve: 'resolved', ignore: 'ignored' },
  resolved: { regress: 'regressed', reopen: 'open' },
  ignored: { resolve: 'resolved', reopen: 'open' },
} as const satisfies Table<DefectState, DefectEvent>
