import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { printNumbers } from './numbers.ts'
import { lookAgain } from './second-look.ts'
import { runTestFiles, sumOf } from './test-run.ts'

/**
 * All that must hold, in the order in which a fault is cheapest to find. Words on the command line
 * keep only the files whose path holds one of them, and skip the checks: `npm test -- packages/trust`.
 */
const words = process.argv.slice(2)
/** `npm run scenarios:long` runs what takes minutes. */
const exclude = ['**/node_modules/**', '**/dist/**', '**/*.long.test.ts']
// Hundreds of processes load the same sources; what the first compiled, the others need not.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '../build/compiled')
const checks = { passed: 0, failed: 0 }

if (words.length === 0) {
  for (const [name, args] of [
    ['biome', ['check', '--no-errors-on-unmatched', '.']],
    ['tsc', ['-p', '.']],
    ['tsc', ['-p', 'packages/dashboard']],
  ] as const) {
    check(name, args)
  }
}
const unit = filesLike([
  'packages/**/*.test.{ts,tsx}',
  'tools/**/*.test.{ts,mjs}',
  'bench/**/*.test.ts',
  'fuzz/**/*.test.ts',
])
const scenarios = filesLike(['scenarios/**/*.test.ts'])
const isSlow = (file: string): boolean => file.startsWith('tools/power-cut/')
const isAttack = (file: string): boolean => file.startsWith('scenarios/attacks/')
// One more at a time than there are processors in CI: most of them wait more than they work.
// What takes longest begins first, so that nothing is left to run alone at the end.
const ordered = [
  ...unit.filter(isSlow),
  ...unit.filter(file => !isSlow(file)),
  ...scenarios.filter(file => !isAttack(file)).reverse(),
  ...scenarios.filter(isAttack),
]
const runs = await runTestFiles(ordered, 3)
const { lasting, unsteady } =
  words.length === 0 ? await lookAgain(runs) : { lasting: runs, unsteady: [] }
if (words.length === 0) printNumbers()

// Once more at the end, where whoever sees only the last page of a log finds it.
for (const { failures } of [...unsteady, ...lasting]) for (const text of failures) console.log(text)
for (const { file } of unsteady)
  console.log(`unsteady: ${file} failed beside others and passed twice alone`)
const { passed, failed, skipped } = sumOf(lasting)
const allFailed = failed + checks.failed
console.log(`\n${passed + checks.passed} passed, ${allFailed} failed, ${skipped} skipped`)
process.exitCode = allFailed > 0 ? 1 : 0

function check(name: string, args: readonly string[]): void {
  const started = performance.now()
  const { status } = spawnSync(`node_modules/.bin/${name}`, args, { stdio: 'inherit' })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${status === 0 ? '✔' : '✖'} ${name} ${args.join(' ')} (${seconds} s)`)
  checks[status === 0 ? 'passed' : 'failed'] += 1
}

function filesLike(patterns: readonly string[]): string[] {
  const found = globSync([...patterns], { exclude }).sort()
  return words.length === 0 ? found : found.filter(file => words.some(word => file.includes(word)))
}
