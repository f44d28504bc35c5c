import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { toUtf8 } from '@steadfleet/base'
import { LaidTrees } from '../testing/laid-trees.test.ts'
import { checkFile } from './repair.ts'

test('what was brought anew while its damage was read is not set aside', async () => {
  await using laid = await LaidTrees.make()
  const [file] = await laid.objects.kindsOf(await laid.put(toUtf8('good')))
  assert.ok(file)
  const told: unknown[] = []
  const suspect = (error: unknown) => void told.push(error)
  writeFileSync(file.path, 'bad!')
  const bringAnew = () => void writeFileSync(file.path, 'good')
  assert.equal(await checkFile({ ...laid, suspect }, file, bringAnew), false)
  assert.equal(told.length, 1)
  assert.equal(readFileSync(file.path, 'utf8'), 'good')
  assert.deepEqual(readdirSync(laid.paths.damaged), [])
})
