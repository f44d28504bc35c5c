import { Readable } from 'node:stream'
import { exportAudit, getAuditHead, listAudit } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import { type Handle, sent } from '../http/handle.ts'
import { auditBefore, auditHead, auditPages } from '../store/audit-store.ts'
import { auditFormats } from '../views/audit.ts'

/** Who did what: to be read, and to be taken along. */
export function handleAudit(handle: Handle, { store: { db } }: House): void {
  handle(listAudit, async ({ query: { limit, after, ...question } }) =>
    auditBefore(db, question, { before: after, limit: limit ?? 100 }),
  )

  handle(exportAudit, async ({ query: { format, ...question }, reply }) => {
    const { type, head, toText } = auditFormats[format ?? 'jsonl']
    const name = `audit.${format ?? 'jsonl'}`
    reply.type(type).header('content-disposition', `attachment; filename="${name}"`)
    reply.header('cache-control', 'no-store')
    reply.send(Readable.from(texts(head, auditPages(db, question), toText)))
    return sent
  })

  handle(getAuditHead, async () => auditHead(db))
}

async function* texts<Row>(
  head: string,
  pages: AsyncIterable<readonly Row[]>,
  toText: (row: Row) => string,
): AsyncGenerator<string> {
  if (head !== '') yield head
  for await (const rows of pages) yield rows.map(toText).join('')
}
