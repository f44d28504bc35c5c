import type { AuditEntry } from '@steadfleet/protocol'

const columns = [
  ...(['sequence', 'at', 'by', 'place', 'act', 'fleet', 'subject', 'before', 'after'] as const),
  ...(['previous', 'hash'] as const),
] satisfies readonly (keyof AuditEntry)[]

/** How the log is written to a file. */
export const auditFormats = {
  jsonl: {
    type: 'application/jsonl',
    head: '',
    toText: (entry: AuditEntry) => `${JSON.stringify(entry)}\n`,
  },
  // RFC 4180
  csv: {
    type: 'text/csv; charset=utf-8; header=present',
    head: `${columns.join(',')}\r\n`,
    toText: (entry: AuditEntry) => `${columns.map(name => toCell(entry[name])).join(',')}\r\n`,
  },
} as const

/** What begins like a formula is text to a spreadsheet only with a quote before it. */
function toCell(value: string | number): string {
  const text = String(value)
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
