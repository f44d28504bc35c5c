import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { failuresOverPostgres } from '../packages/server/src/testing/over-postgres.ts'
import { noPostgres } from '../packages/server/src/testing/test-postgres.ts'

const server = join(import.meta.dirname, '../packages/server/src')

test('every test of the server holds over PostgreSQL', { skip: noPostgres }, async () => {
  const own = ['postgres.test.ts']
  const files = globSync(`${server}/**/*.test.ts`).filter(
    file => !file.endsWith('.long.test.ts') && !own.some(name => file.endsWith(name)),
  )
  assert.equal(await failuresOverPostgres(files), '')
})
