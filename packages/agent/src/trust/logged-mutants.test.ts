import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'

/** One defence of `logged.test.ts` taken away: text of one file, and what stands there instead. */
const mutants: [row: string, file: string, before: string, after: string][] = [
  [
    'a model statement',
    'model.ts',
    'await context.refuseUnlogged(targetClaim(context.policy, catalogue, target))',
    '',
  ],
  ['an owner root', 'owner-logged.ts', 'one => [ownerClaim(version, one)]', '() => []'],
  ['a root of a catalogue', 'log-claims.ts', 'if (root !== undefined &&', 'if (false &&'],
  ['an adoption', 'owner-logged.ts', 'one => adoptionClaims(policy, one, packages)', '() => []'],
]

describe('the row of', { concurrency: 2 }, () => {
  for (const [row, file, before, after] of mutants) {
    test(`${row} fails without its defence`, { timeout: 120_000 }, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'steadfleet-mutant-'))
      try {
        const hook = await writeHook(folder, join(import.meta.dirname, file), before, after)
        const name = `${row} that the log does not hold, until it does`
        assert.deepEqual(await failedTests(hook, name), [name])
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
  }
})

async function writeHook(
  folder: string,
  path: string,
  before: string,
  after: string,
): Promise<string> {
  const parts = (await readFile(path, 'utf8')).split(before)
  assert.equal(parts.length, 2, `${path} has ${before} once`)
  const hook = join(folder, 'hook.mjs')
  await writeFile(
    hook,
    `import { registerHooks } from 'node:module'
const source = ${JSON.stringify(parts.join(after))}
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    return url === ${JSON.stringify(pathToFileURL(path).href)} ? { ...loaded, source } : loaded
  },
})
`,
  )
  return hook
}

/** Of the tests of `logged.test.ts` with this name those that fail with the hook. */
async function failedTests(hook: string, name: string): Promise<string[]> {
  const file = join(import.meta.dirname, 'logged.test.ts')
  const words = [`--import=${hook}`, '--test-reporter=tap', `--test-name-pattern=${name}`, file]
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const said = await new Promise<string>(resolve =>
    execFile(process.execPath, words, { env }, (_, stdout) => resolve(stdout)),
  )
  const lines = said.split('\n').map(line => /^\s+not ok \d+ - (.+)$/.exec(line)?.[1])
  return lines.flatMap(failed => failed ?? [])
}
