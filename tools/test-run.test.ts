import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
    const { stdout } = runAlone(folder, `sumOf(await runTestFiles(['${file}'], 1))`)
    const [passed, failed, skipped] = counts
    assert.deepEqual(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), {
      passed,
      failed,
      skipped,
    })
    if (skipped) assert.match(stdout, /needs a moon/)
  })
}

const secondLooks: readonly (readonly [name: string, failsAt: readonly number[], string])[] = [
  ['failed once and passes twice alone is unsteady', [1], '1 unsteady, 0 failed'],
  ['fails once more alone has failed', [1, 3], '0 unsteady, 1 failed'],
  ['passes is not run again', [], '0 unsteady, 0 failed'],
]

for (const [name, failsAt, expected] of secondLooks) {
  test(`a file that ${name}`, t => {
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-test-run-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const [file, tries] = [join(folder, 'some.test.ts'), join(folder, 'tries')]
    const counted = `appendFileSync('${tries}', 'x'); const tries = readFileSync('${tries}').length`
    const failing = `test('a', () => assert.ok(!${JSON.stringify(failsAt)}.includes(tries)))`
    const imports = "import { appendFileSync, readFileSync } from 'node:fs'\n"
    writeFileSync(file, `${begin}${imports}${counted}\n${failing}`)
    const { stdout } = runAlone(
      folder,
      `await lookAgain(await runTestFiles(['${file}'], 1)).then(({ lasting, unsteady }) =>
        unsteady.length + ' unsteady, ' + sumOf(lasting).failed + ' failed')`,
    )
    assert.equal(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), expected)
    assert.equal(readFileSync(tries).length, failsAt.length > 0 ? 3 : 1)
  })
}

/** In a process of its own: a run of tests inside a run of tests is passed over. */
function runAlone(folder: string, asked: string): { stdout: string } {
  const script = [
    `import { runTestFiles, sumOf } from '${resolve('tools/test-run.ts')}'`,
    `import { lookAgain } from '${resolve('tools/second-look.ts')}'`,
    `console.log(JSON.stringify(${asked}))`,
  ].join('\n')
  const main = join(folder, 'main.mjs')
  writeFileSync(main, script)
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const options = { encoding: 'utf8', env } as const
  return spawnSync(process.execPath, [main], options)
}
