import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { failuresOver } from '../packages/server/src/testing/over-postgres.ts'
import { noPostgres, startTestPostgres } from '../packages/server/src/testing/test-postgres.ts'

const server = join(import.meta.dirname, '../packages/server/src')

test('every test of the server holds over PostgreSQL', { skip: noPostgres }, async () => {
  await using postgres = await startTestPostgres()
  const files = globSync(`${server}/**/*.test.ts`).filter(
    file => !file.endsWith('.long.test.ts') && !file.endsWith('/postgres.test.ts'),
  )
  assert.equal(await failuresOver(postgres, files), '')
})
