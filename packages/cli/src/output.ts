import { toPrintable, toPrintableJson } from '@steadfleet/base'
import type { Sink } from './world.ts'

/** Where a command's answer goes: text for people, or JSON for programs; never both. */
export interface Output {
  readonly json: boolean
  /** The command's one answer. */
  answer(value: unknown, toText: () => string): void
  /** One of many answers: a JSON line, or a line of text. */
  line(value: unknown, text: string): void
  /** What is being done meanwhile; for people, on the error stream, absent with `--json`. */
  note(text: string): void
}

/** An output onto real sinks. Much of what is shown was said by apps: none of it acts on a terminal. */
export function openOutput(json: boolean, out: Sink, err: Sink): Output {
  const print = (value: unknown, text: string): void => {
    out.write(`${json ? toPrintableJson(JSON.stringify(value)) : toPrintable(text)}\n`)
  }
  return {
    json,
    answer: (value, toText) => print(value, json ? '' : toText()),
    line: print,
    note: text => {
      if (!json) err.write(`${toPrintable(text)}\n`)
    },
  }
}

/** Rows under headings, padded to columns; an empty list says so in words. */
export function toTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  none = 'none',
): string {
  if (rows.length === 0) return none
  const all = [headings, ...rows]
  const widths = headings.map((_, i) => Math.max(...all.map(row => [...(row[i] ?? '')].length)))
  return all
    .map(row =>
      row
        .map((cell, i) => pad(cell, widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function pad(cell: string, width: number | undefined): string {
  return cell + ' '.repeat(Math.max(0, (width ?? 0) - [...cell].length))
}

/** A count of bytes as people read it. */
export function toSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const shown = bytes / 1000 ** step
  return `${step === 0 ? shown : shown.toFixed(1)} ${units[step]}`
}

/** A span of time as people read it. */
export function toDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`
}
