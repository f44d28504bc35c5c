import { once } from 'node:events'
import { relative } from 'node:path'
import { run } from 'node:test'

export interface Counts {
  passed: number
  failed: number
  skipped: number
}

/** One event of the runner about one test. */
interface TestEvent {
  readonly name: string
  readonly file?: string | undefined
  readonly skip?: string | boolean | undefined
}

/** What a run ends on; with a file, what that file did. */
interface Summary {
  readonly file?: string | undefined
  readonly duration_ms: number
  readonly counts: Readonly<Record<'passed' | 'failed' | 'cancelled' | 'skipped' | 'todo', number>>
}

/** What a file may take, in milliseconds; one that left something open would never end by itself. */
const patience = 15 * 60_000

/**
 * Runs test files, each in a process of its own, and adds what they showed to `counts`. A file is
 * one line, a failure is shown in full where it happens, and what was skipped is said with why.
 */
export async function runTestFiles(
  files: readonly string[],
  concurrency: number,
  counts: Counts,
): Promise<void> {
  const waiting = [...files]
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      await runTestFile(file, counts)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
}

async function runTestFile(file: string, counts: Counts): Promise<void> {
  const reasons = new Set<string>()
  let shown = 0
  const late = AbortSignal.timeout(patience)
  const stream = run({ files: [file], timeout: patience, signal: late })
  stream.on('test:pass', event => addReason(reasons, event))
  stream.on('test:fail', event => {
    if (printFailure(event)) shown += 1
  })
  stream.on('test:stderr', ({ message }) => void process.stderr.write(quote(file, message)))
  stream.on('test:summary', (summary: Summary) => {
    if (summary.file !== undefined) return
    // What fails when a suite is over, as it is taken down, is among the failures and in no count.
    const failed = Math.max(shown, summary.counts.failed + summary.counts.cancelled)
    add(counts, summary.counts, failed)
    printFile(file, summary, failed, reasons)
  })
  stream.resume()
  await once(stream, 'end')
  if (late.aborted)
    console.log(`✖ ${file}: did not end by itself after ${patience / 60_000} minutes`)
}

function add(counts: Counts, found: Summary['counts'], failed: number): void {
  counts.passed += found.passed
  counts.failed += failed
  counts.skipped += found.skipped + found.todo
}

function addReason(reasons: Set<string>, { skip }: TestEvent): void {
  if (skip !== undefined) reasons.add(String(skip || 'no reason given'))
}

/** Whether it is a failure of its own, not of what is in it. */
function printFailure(
  event: TestEvent & { readonly details: { readonly error: unknown } },
): boolean {
  const error = event.details.error as { failureType?: string; cause?: unknown } | undefined
  if (error?.failureType === 'subtestsFailed') return false
  console.log(`✖ ${event.file ? relative('.', event.file) : ''} › ${event.name}`)
  console.log(indent(stackOf(error?.cause ?? error)))
  return true
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function printFile(
  file: string,
  summary: Summary,
  failed: number,
  reasons: Iterable<string>,
): void {
  const { passed, skipped } = summary.counts
  const seconds = (summary.duration_ms / 1000).toFixed(1)
  const aside = skipped > 0 ? `, ${skipped} skipped` : ''
  const mark = failed > 0 ? '✖' : '✔'
  console.log(`${mark} ${relative('.', file)}: ${passed} passed${aside} (${seconds} s)`)
  for (const reason of reasons) console.log(`    skipped: ${reason}`)
}

function quote(file: string, message: string): string {
  return indent(`${relative('.', file)}: ${message.trimEnd()}\n`)
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ')
}
