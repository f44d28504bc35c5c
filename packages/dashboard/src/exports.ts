/** A row of a table as the server tells it. */
export type Row = Readonly<Record<string, unknown>>

export const formats = {
  csv: { word: 'CSV', type: 'text/csv;charset=utf-8', toText: toCsv },
  json: { word: 'JSON', type: 'application/json', toText: toJson },
} as const
export type Format = keyof typeof formats

/** Reads a list to its end: `after` is the last of the page before, `size` how many a full page has. */
export async function readAll<T, After>(
  read: (after: After | undefined) => Promise<readonly T[]>,
  nextAfter: (last: T) => After,
  size: number,
): Promise<T[]> {
  const all: T[] = []
  for (let after: After | undefined; ; ) {
    const page = await read(after)
    all.push(...page)
    const last = page.at(-1)
    if (last === undefined || page.length < size) return all
    after = nextAfter(last)
  }
}

function toJson(rows: readonly Row[]): string {
  return `${JSON.stringify(rows, null, 2)}\n`
}

/** Columns in the order in which rows first have them. RFC 4180 */
function toCsv(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap(row => Object.keys(row)))]
  const lines = rows.map(row => columns.map(name => toCell(row[name])))
  return [columns.map(toCell), ...lines].map(cells => `${cells.join(',')}\r\n`).join('')
}

/** What begins like a formula is text to a spreadsheet only with a quote before it. */
function toCell(value: unknown): string {
  const text = toText(value)
  const plain = typeof value !== 'number' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain
}

function toText(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
