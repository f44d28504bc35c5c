import { once } from 'node:events'
import { relative } from 'node:path'
import { run } from 'node:test'

export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** What one file showed, and its failures in full. */
export interface FileRun {
  readonly file: string
  readonly counts: Counts
  readonly failures: readonly string[]
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
 * Runs test files, each in a process of its own. A file is one line, a failure is shown in full
 * where it happens, and what was skipped is said with why.
 */
export async function runTestFiles(
  files: readonly string[],
  concurrency: number,
): Promise<FileRun[]> {
  const waiting = [...files]
  const runs: FileRun[] = []
  const work = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      runs.push(await runTestFile(file))
    }
  }
  await Promise.all(Array.from({ length: concurrency }, work))
  return runs
}

/** All that the runs counted, added up. */
export function sumOf(runs: readonly FileRun[]): Counts {
  const sum = (kind: keyof Counts): number => runs.reduce((all, run) => all + run.counts[kind], 0)
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
}

async function runTestFile(file: string): Promise<FileRun> {
  const reasons = new Set<string>()
  const failures: string[] = []
  let counts: Counts = { passed: 0, failed: 1, skipped: 0 }
  const late = AbortSignal.timeout(patience)
  const stream = run({ files: [file], timeout: patience, signal: late })
  stream.on('test:pass', event => addReason(reasons, event))
  stream.on('test:fail', event => addFailure(failures, event))
  stream.on('test:stderr', ({ message }) => void process.stderr.write(quote(file, message)))
  stream.on('test:summary', (summary: Summary) => {
    if (summary.file !== undefined) return
    counts = countsOf(summary.counts, failures.length)
    printFile(file, summary, counts, reasons)
  })
  stream.resume()
  await once(stream, 'end')
  if (late.aborted)
    tell(failures, `✖ ${file}: did not end by itself after ${patience / 60_000} minutes`)
  return { file, counts, failures }
}

/** What fails when a suite is over, as it is taken down, is among the failures and in no count. */
function countsOf(found: Summary['counts'], shown: number): Counts {
  return {
    passed: found.passed,
    failed: Math.max(shown, found.failed + found.cancelled),
    skipped: found.skipped + found.todo,
  }
}

function addReason(reasons: Set<string>, { skip }: TestEvent): void {
  if (skip !== undefined) reasons.add(String(skip || 'no reason given'))
}

/** A failure of its own, not of what is in it. */
function addFailure(
  failures: string[],
  event: TestEvent & { readonly details: { readonly error: unknown } },
): void {
  const error = event.details.error as { failureType?: string; cause?: unknown } | undefined
  if (error?.failureType === 'subtestsFailed') return
  const where = event.file ? relative('.', event.file) : ''
  tell(failures, `✖ ${where} › ${event.name}\n${indent(stackOf(error?.cause ?? error))}`)
}

function tell(failures: string[], failure: string): void {
  failures.push(failure)
  console.log(failure)
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function printFile(
  file: string,
  summary: Summary,
  { passed, failed, skipped }: Counts,
  reasons: Iterable<string>,
): void {
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
