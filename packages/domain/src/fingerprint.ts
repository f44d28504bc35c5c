import { type Digest, digestOf, toUtf8 } from '@steadfleet/base'
import type { Failure } from './device.ts'

/** What makes two failures one and the same to people. */
export interface Fingerprint {
  readonly digest: Digest
  /** The line that says most about it, as it was said. */
  readonly title: string
}

const mostFrames = 5
const lastLines = 3
const longestLine = 200
/** Of a line only so much is looked at. */
const mostRead = 1000

/** What differs each time, and what is left of it: in this order. */
const variable: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/\u001b\[[0-9;]{0,20}[A-Za-z]/g, ''],
  [/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d/g, '<time>'],
  [/\b\d\d?:\d\d:\d\d(?:[.,]\d+)?\b/g, '<time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b0x[0-9a-f]+\b/gi, '<address>'],
  [/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/gi, '<address>'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '<address>'],
  // Of a path the last name stays: it says where in the program.
  [/(?:[A-Za-z]:)?(?:[\\/][\w.@+-]{1,100}){1,40}[\\/](?=[\w.@+-])/g, ''],
  [/(?<![\w<])[\\/](?=[\w.@+-])/g, ''],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '<id>'],
  [/\d+/g, '#'],
  [/\s+/g, ' '],
]

/** A line without what differs each time it is said. */
export function normalise(line: string): string {
  return variable
    .reduce(
      (left, [pattern, replacement]) => left.replace(pattern, replacement),
      line.slice(0, mostRead),
    )
    .trim()
    .slice(0, longestLine)
}

/** Lines of a stack as runtimes print them: JavaScript and Java, Python, Go and C, Rust. */
const frame =
  /^\s+at \S|^\s+File "[^"]+", line \d+|^\s*#?\d+:?\s+(?:0x[0-9a-f]+\s+)?(?:in )?[\w:<>$.~]+ ?\(|^\s+\d+: +[\w<]|^\t\S+:\d+/

function isFrame(line: string): boolean {
  return frame.test(line.slice(0, mostRead))
}

/**
 * The same of two failures exactly where they are of one package, app and kind, ended alike, and said alike what
 * they died of. Revision, device and time are no part of it. docs/formats/failures.md, Fingerprint
 */
export function fingerprintOf(failure: Failure): Fingerprint {
  const { kind, package: name, app = '', exit, signal = '' } = failure
  const { said, most } = saidBy(failure)
  const parts = ['1', name, app, kind, exit ?? '', signal, ...said.map(normalise)]
  const title = most.trim() || failure.reason
  return { digest: digestOf(toUtf8(parts.join('\n'))), title: title.slice(0, longestLine) }
}

/** A change that failed says why itself; of an app that died its last stack says most, or else its last lines. */
function saidBy({ kind, log, reason }: Failure): { said: readonly string[]; most: string } {
  if (kind === 'change' || kind === 'postponed') return { said: [reason], most: reason }
  const lines = log.filter(line => line.trim() !== '')
  const stack = lastStack(lines)
  if (stack) return { said: stack, most: stack[0] ?? '' }
  const last = lines.slice(-lastLines)
  // A crash's own sentence says how often, too.
  const said = last.length > 0 || kind !== 'probation' ? last : [reason]
  return { said, most: last.at(-1) ?? '' }
}

/** What a program said as it died, and its innermost frames. */
function lastStack(lines: readonly string[]): readonly string[] | undefined {
  const end = lines.findLastIndex(isFrame)
  if (end < 0) return undefined
  let start = end
  // Between the frames of some runtimes stand their source lines, indented.
  while (start > 0 && /^\s|^#\d/.test(lines[start - 1] ?? '')) {
    start -= 1
  }
  const frames = lines.slice(start, end + 1).filter(isFrame)
  const isPython = /^\s+File "/.test(frames[0] ?? '')
  // Python says the innermost last, and what was wrong below it.
  const [message, inner] = isPython
    ? [lines.slice(end + 1).find(line => /^\S/.test(line)), frames.slice(-mostFrames)]
    : [lines[start - 1], frames.slice(0, mostFrames)]
  return message === undefined ? inner : [message, ...inner]
}
