import type { Verdict } from './recover.ts'

/** One cut that was really done, and what came of it. */
export interface Result extends Omit<Verdict, 'said'> {
  readonly journey: string
  readonly way: string
  readonly position: number
  readonly cut: string
  /** Who came back, see `lives.ts`, and the state of the sources that they were built from. */
  readonly agent: string
  readonly commit: string
  readonly said?: string
}

export interface Row {
  readonly journey: string
  readonly way: string
  cuts: number
  old: number
  new: number
  between: number
  broken: number
  lost: number
}

/** What came of all cuts, by journey and way. */
export function tallyOf(results: readonly Result[]): Row[] {
  const rows = new Map<string, Row>()
  for (const { journey, way, found, broken, lost } of results) {
    const none = { journey, way, cuts: 0, old: 0, new: 0, between: 0, broken: 0, lost: 0 }
    const row = rows.get(`${journey} ${way}`) ?? none
    rows.set(`${journey} ${way}`, row)
    row.cuts += 1
    if (found !== 'none') row[found] += 1
    if (broken.length > 0) row.broken += 1
    if (lost.length > 0) row.lost += 1
  }
  return [...rows.values()]
}

const columns = ['cuts', 'old', 'new', 'between', 'broken', 'lost'] as const

/** The tally as a table of Markdown, its sums last. */
export function toTable(rows: readonly Row[]): string {
  const head = ['journey', 'way', ...columns]
  const cells = rows.map(row => [row.journey, row.way, ...columns.map(name => String(row[name]))])
  const sums = columns.map(name => String(rows.reduce((sum, row) => sum + row[name], 0)))
  const lines = [head, head.map(() => '---'), ...cells, ['**all**', '', ...sums]]
  return lines.map(line => `| ${line.join(' | ')} |`).join('\n')
}
