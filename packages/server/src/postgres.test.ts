import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { failuresOverPostgres } from './testing/over-postgres.ts'
import { noPostgres } from './testing/test-postgres.ts'

/** What touches the database most, and costs little. `npm run scenarios:long` runs all. */
const some = ['store/migrations', 'acts/steer-rollout', 'silence']

test('the store over PostgreSQL is the store over SQLite', { skip: noPostgres }, async () => {
  const files = some.map(name => join(import.meta.dirname, `${name}.test.ts`))
  assert.equal(await failuresOverPostgres(files), '')
})
