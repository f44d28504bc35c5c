import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'

const begin =
  "import { after, describe, test } from 'node:test'\nimport assert from 'node:assert'\n"
const files: readonly (readonly [name: string, text: string, counts: readonly number[]])[] = [
  ['passes', "describe('x', () => { test('a', () => {}); test('b', () => {}) })", [2, 0, 0]],
  ['fails', "test('a', () => assert.equal(1, 2)); test('b', () => {})", [1, 1, 0]],
  ['skips', "test('a', { skip: 'needs a moon' }, () => {})", [0, 0, 1]],
  ['breaks', "throw new Error('at once')", [0, 1, 0]],
  [
    'cannot clear up',
    "describe('x', () => { test('a', () => {}); after(() => { throw new Error('left') }) })",
    [1, 1, 0],
  ],
  ['ends early', "test('a', () => {}); setTimeout(() => process.exit(3), 50)", [1, 1, 0]],
]

for (const [name, text, counts] of files) {
  test(`a file that ${name} counts as ${counts.join(', ')} passed, failed, skipped`, t => {
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-test-run-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'some.test.ts')
    writeFileSync(file, begin + text)
    const { stdout } = runAlone(folder, file)
    const [passed, failed, skipped] = counts
    assert.deepEqual(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), {
      passed,
      failed,
      skipped,
    })
    if (skipped) assert.match(stdout, /needs a moon/)
  })
}

/** In a process of its own: a run of tests inside a run of tests is passed over. */
function runAlone(folder: string, file: string): { stdout: string } {
  const script = [
    `import { runTestFiles } from '${resolve('tools/test-run.ts')}'`,
    'const counts = { passed: 0, failed: 0, skipped: 0 }',
    `await runTestFiles(['${file}'], 1, counts)`,
    'console.log(JSON.stringify(counts))',
  ].join('\n')
  const main = join(folder, 'main.mjs')
  writeFileSync(main, script)
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const options = { encoding: 'utf8', env } as const
  return spawnSync(process.execPath, [main], options)
}
