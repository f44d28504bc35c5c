import { FleetName, object, oneOf, Timestamp } from '@steadfleet/domain'
import { Type } from 'typebox'
import { AuditEntry, AuditHead } from '../audit.ts'
import { route } from '../route.ts'
import { page } from './params.ts'

/** Which entries are asked for: all, where nothing is said. */
const which = {
  act: Type.Optional(Type.String({ maxLength: 60 })),
  by: Type.Optional(Type.String({ maxLength: 100 })),
  fleet: Type.Optional(FleetName),
  subject: Type.Optional(Type.String({ maxLength: 200 })),
  since: Type.Optional(Timestamp),
  until: Type.Optional(Timestamp),
}

export const listAudit = route({
  method: 'GET',
  path: '/v1/audit',
  needs: 'audit:read',
  summary: 'Who did what, from where, and what was before and after it; newest first.',
  query: object({ ...which, ...page }),
  reply: Type.Array(AuditEntry),
})

export const exportAudit = route({
  method: 'GET',
  path: '/v1/audit/export',
  needs: 'audit:read',
  summary: 'The audit log as a file, oldest first: JSON lines, which can be verified, or CSV.',
  query: object({ ...which, format: Type.Optional(oneOf('jsonl', 'csv')) }),
  reply: 'bytes',
})

export const getAuditHead = route({
  method: 'GET',
  path: '/v1/audit/head',
  needs: 'audit:read',
  summary: 'How far the audit log goes, and the hash of its last entry.',
  reply: AuditHead,
})
