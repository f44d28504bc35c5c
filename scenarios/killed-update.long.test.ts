import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'

/** What `npm test` does at one call of each kind. */
test('an agent that updates itself is killed at each of its calls to the disk', async () => {
  const file = 'packages/agent/src/self/killed-update.test.ts'
  const env = { ...process.env, STEADFLEET_KILLS: 'all', NODE_TEST_CONTEXT: undefined }
  const run = spawn(process.execPath, ['--test', file], { env, stdio: 'inherit' })
  const [code] = await once(run, 'close')
  assert.equal(code, 0)
})
