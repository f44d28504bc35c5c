import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { toBase64, toUtf8 } from '@steadfleet/base'
import { finishSet, writeSet } from './file-set.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'steadfleet-set-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('a set is there whole, and leaves nothing else', async () => {
  const files = ['a.json', 'b.json'].map(name => [name, toUtf8(`new ${name}`)] as const)
  await writeSet(folder, new Map(files))
  assert.deepEqual(contents(), { 'a.json': 'new a.json', 'b.json': 'new b.json' })
})

test('a set that a crash cut after its first file is finished by the next start', async () => {
  writeFileSync(join(folder, 'a.json'), 'new a')
  writeFileSync(join(folder, 'b.json'), 'old b')
  const intent = { 'a.json': toBase64(toUtf8('new a')), 'b.json': toBase64(toUtf8('new b')) }
  writeFileSync(join(folder, 'intent'), JSON.stringify(intent))
  await finishSet(folder)
  assert.deepEqual(contents(), { 'a.json': 'new a', 'b.json': 'new b' })
  await finishSet(folder)
})

test('a draft of a set that was never whole counts for nothing', async () => {
  writeFileSync(join(folder, 'intent.f00.new'), '{"a.json":')
  await finishSet(folder)
  assert.deepEqual(readdirSync(folder), ['intent.f00.new'])
})

function contents(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map(name => [name, readFileSync(join(folder, name), 'utf8')]),
  )
}
