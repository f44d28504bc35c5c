import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { documents } from './docs.ts'

for (const { file, make } of documents) {
  test(`${file} says what the sources say (else: npm run docs)`, async () => {
    const held = existsSync(file) ? readFileSync(file, 'utf8') : undefined
    assert.equal(held, await make())
  })
}
