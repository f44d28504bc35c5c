import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestPostgres } from './test-postgres.ts'

/** Runs test files of the server once more, over PostgreSQL. Resolves with what failed; empty is good. */
export async function failuresOver(
  postgres: TestPostgres,
  files: readonly string[],
): Promise<string> {
  const env: NodeJS.ProcessEnv = { ...process.env, STEADFLEET_TEST_DATABASE: postgres.url() }
  // A run inside of a run would otherwise take itself for a part of it.
  delete env.NODE_TEST_CONTEXT
  const words = ['--test', '--test-concurrency=2', '--test-reporter=spec', ...files]
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const said: string[] = []
  child.stdout.on('data', chunk => said.push(String(chunk)))
  await once(child, 'close')
  const text = said.join('')
  if (child.exitCode !== 0) return text.split('failing tests:').at(-1) ?? text
  return /^ℹ pass [1-9]/m.test(text) ? '' : `nothing was tested: ${text}`
}
