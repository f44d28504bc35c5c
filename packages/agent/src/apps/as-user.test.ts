import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { findProgram } from './host-programs.ts'
import { isRoot } from './testing/bench.test.ts'

const files = ['escape-floor', 'supervision', 'adoption'].map(name =>
  join(import.meta.dirname, `${name}.test.ts`),
)
const runner = findProgram('setpriv') ?? 'setpriv'
const become = ['--reuid=65534', '--regid=65534', '--clear-groups']

/** Why root can't have these tests run by an ordinary user, or false. */
function obstacle(): string | false {
  if (!isRoot) return 'an ordinary user runs them already'
  const { status } = spawnSync(runner, [...become, process.execPath, '--check', files[0] ?? ''])
  return status === 0 ? false : 'uid 65534 cannot read this checkout'
}

test('what holds for root holds for an ordinary user', { skip: obstacle() }, () => {
  const env = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', TMPDIR: '/tmp' }
  const words = [...become, process.execPath, '--test', '--test-reporter=tap', ...files]
  const { status, stdout } = spawnSync(runner, words, { env, encoding: 'utf8', timeout: 300_000 })
  assert.equal(
    status,
    0,
    stdout
      .split('\n')
      .filter(line => !/^ *(ok|#|\.\.\.|---|duration_ms|type:|1\.\.)/.test(line))
      .join('\n'),
  )
  assert.match(stdout, /^# pass [1-9]/m)
})
