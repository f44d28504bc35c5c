import { once } from 'node:events'
import { relative } from 'node:path'
import { run } from 'node:test'

export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** One event of the runner about one test; `entryFile` is the file that was run. */
interface TestEvent {
  readonly name: string
  readonly file?: string | undefined
  readonly entryFile?: string
  readonly skip?: string | boolean | undefined
}

/** What a file's run ends on, and with no file, what all of them do. */
interface Summary {
  readonly file?: string | undefined
  readonly duration_ms: number
  readonly counts: Readonly<Record<'passed' | 'failed' | 'cancelled' | 'skipped' | 'todo', number>>
}

/**
 * Runs test files, each in a process of its own, and adds what they showed to `counts`. A file is
 * one line, a failure is shown in full where it happens, and what was skipped is said with why.
 */
export async function runTestFiles(
  files: readonly string[],
  concurrency: number,
  counts: Counts,
): Promise<void> {
  if (files.length === 0) return
  const reasons = new Map<string, Set<string>>()
  const stream = run({ files: [...files], concurrency, timeout: 600_000 })
  stream.on('test:pass', event => addReason(reasons, event))
  stream.on('test:fail', event => printFailure(event))
  stream.on('test:stderr', ({ file, message }) => void process.stderr.write(quote(file, message)))
  stream.on('test:summary', (summary: Summary) => {
    if (summary.file) printFile(summary.file, summary, reasons.get(summary.file))
    else add(counts, summary)
  })
  stream.resume()
  await once(stream, 'end')
}

function add(counts: Counts, { counts: found }: Summary): void {
  counts.passed += found.passed
  counts.failed += found.failed + found.cancelled
  counts.skipped += found.skipped + found.todo
}

function addReason(reasons: Map<string, Set<string>>, event: TestEvent): void {
  if (event.skip === undefined) return
  const file = event.entryFile ?? event.file ?? ''
  const held = reasons.get(file) ?? new Set()
  reasons.set(file, held.add(String(event.skip || 'no reason given')))
}

function printFailure(event: TestEvent & { readonly details: { readonly error: unknown } }): void {
  const error = event.details.error as { failureType?: string; cause?: unknown } | undefined
  if (error?.failureType === 'subtestsFailed') return
  console.log(`✖ ${event.file ? relative('.', event.file) : ''} › ${event.name}`)
  console.log(indent(stackOf(error?.cause ?? error)))
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function printFile(file: string, summary: Summary, reasons: Iterable<string> = []): void {
  const { passed, failed, cancelled, skipped } = summary.counts
  const seconds = (summary.duration_ms / 1000).toFixed(1)
  const aside = skipped > 0 ? `, ${skipped} skipped` : ''
  const mark = failed + cancelled > 0 ? '✖' : '✔'
  console.log(`${mark} ${relative('.', file)}: ${passed} passed${aside} (${seconds} s)`)
  for (const reason of reasons) console.log(`    skipped: ${reason}`)
}

function quote(file: string, message: string): string {
  return indent(`${relative('.', file)}: ${message.trimEnd()}\n`)
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ')
}
