import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { failuresOver } from './testing/over-postgres.ts'
import { noPostgres, startTestPostgres, type TestPostgres } from './testing/test-postgres.ts'

/** What touches the database most, and costs little. `npm run scenarios:long` runs all. */
const some = ['store/migrations', 'acts/steer-rollout', 'move/move']

describe('over PostgreSQL', { skip: noPostgres }, () => {
  let postgres: TestPostgres
  before(async () => {
    postgres = await startTestPostgres()
  })
  after(() => postgres?.[Symbol.asyncDispose]())

  test('the store is the store that it is over SQLite', async () => {
    const files = some.map(name => join(import.meta.dirname, `${name}.test.ts`))
    assert.equal(await failuresOver(postgres, files), '')
  })
})
