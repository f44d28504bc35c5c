import { createInterface } from 'node:readline'
import type { Cost } from './measure.ts'

// Reads what `npm run bench:delta` prints and makes of it the tables of docs/evidence/deltas.md:
// npm run bench:delta | tee deltas.log; node bench/delta/table.ts <deltas.log

interface Row {
  readonly pair: string
  readonly method: string
  readonly bytes: number
  readonly make: Cost
  readonly apply: Cost
}

const rows: Row[] = []
for await (const line of createInterface({ input: process.stdin })) {
  if (line.startsWith('{"benchmark":"delta"')) rows.push(JSON.parse(line))
}
const pairs = [...new Set(rows.map(({ pair }) => pair))]
console.log(bytesTable())
for (const which of ['make', 'apply'] as const) console.log(`\n${costTable(which)}`)
console.log(`\n${summary()}`)

function bytesTable(): string {
  return table(
    ['bytes', ...pairs],
    methods().map(method => [method, ...cellsOf(method, toBytes)]),
  )
}

function costTable(which: 'make' | 'apply'): string {
  const cell = (row: Row): string =>
    `${row[which].seconds.toFixed(1)} s, ${row[which].megabytes} MB`
  return table(
    [which, ...pairs],
    methods().map(method => [method, ...cellsOf(method, cell)]),
  )
}

function cellsOf(method: string, cell: (row: Row) => string): string[] {
  return pairs.map(pair => {
    const row = rowOf(pair, method)
    return row ? cell(row) : '–'
  })
}

function toBytes({ bytes }: Row): string {
  return bytes.toLocaleString('en')
}

function summary(): string {
  const both = pairs.flatMap(pair => {
    const [ours, theirs] = [rowOf(pair, 'ours'), rowOf(pair, 'ostree static delta')]
    return ours && theirs ? [{ pair, ours, theirs }] : []
  })
  const ratios = both.map(({ ours, theirs }) => ours.bytes / theirs.bytes)
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length)
  const each = both.map(({ pair }, i) => `${pair} ${ratios[i]?.toFixed(2)}`).join(', ')
  const sums = (['make', 'apply'] as const).map(which => {
    const sum = (side: 'ours' | 'theirs'): string =>
      both.reduce((seconds, one) => seconds + one[side][which].seconds, 0).toFixed(1)
    return `CPU to ${which}, summed over the pairs: ours ${sum('ours')} s, ostree ${sum('theirs')} s.`
  })
  const bytes = `Bytes of ostree's static delta: ${each}; geometric mean ${mean.toFixed(2)}.`
  return [bytes, ...sums].join('\n')
}

function methods(): string[] {
  return [...new Set(rows.map(({ method }) => method))]
}

function rowOf(pair: string, method: string): Row | undefined {
  return rows.find(row => row.pair === pair && row.method === method)
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
}
