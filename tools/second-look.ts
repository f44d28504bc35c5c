import { type FileRun, runTestFiles } from './test-run.ts'

/** More than these, and it is not the machine. */
const mostUnsteady = 3

/**
 * Looks again at files that failed while others ran beside them: each is run twice more, alone.
 * One that passes both times is unsteady, a fault of the test that is told and refuses nothing;
 * one that fails again has failed. `lasting` is what counts.
 */
export async function lookAgain(
  runs: readonly FileRun[],
): Promise<{ lasting: readonly FileRun[]; unsteady: readonly FileRun[] }> {
  const failed = runs.filter(({ counts }) => counts.failed > 0)
  if (failed.length === 0 || failed.length > mostUnsteady) return { lasting: runs, unsteady: [] }
  const unsteady: FileRun[] = []
  const again = new Map<string, FileRun>()
  for (const run of failed) {
    const better = await passTwice(run.file)
    if (better) again.set(run.file, better)
    if (better) unsteady.push(run)
  }
  return { lasting: runs.map(run => again.get(run.file) ?? run), unsteady }
}

/** The second of two good runs; undefined when one of them failed. */
async function passTwice(file: string): Promise<FileRun | undefined> {
  console.log(`\nOnce more, alone: ${file}`)
  const runs = await runTestFiles([file, file], 1)
  return runs.every(({ counts }) => counts.failed === 0) ? runs.at(-1) : undefined
}
