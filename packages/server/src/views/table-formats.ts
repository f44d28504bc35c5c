/** How a table is written to a file, row by row. */
export interface TableFormat<Row> {
  readonly type: string
  readonly head: string
  readonly toText: (row: Row) => string
}

/** JSON lines of all that a row has, and CSV of these columns. */
export function formatsOf<Row extends object>(
  columns: readonly (keyof Row & string)[],
): Readonly<Record<'jsonl' | 'csv', TableFormat<Row>>> {
  return {
    jsonl: { type: 'application/jsonl', head: '', toText: row => `${JSON.stringify(row)}\n` },
    // RFC 4180
    csv: {
      type: 'text/csv; charset=utf-8; header=present',
      head: `${columns.join(',')}\r\n`,
      toText: row => `${columns.map(name => toCell(row[name])).join(',')}\r\n`,
    },
  }
}

/** What begins like a formula is text to a spreadsheet only with a quote before it. */
function toCell(value: unknown): string {
  const text = value === undefined ? '' : String(value)
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}
