import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { blocksOf } from './guide.ts'

test('of a guide its commands and files are followed, in order, and nothing else', t => {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-guide-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const guide = join(folder, 'guide.md')
  const fence = '```'
  const lines = [
    `text\n${fence}sh\necho 1\necho 2\n${fence}`,
    `${fence}yaml file=a/b.yaml\nname: x\n${fence}`,
    `${fence}yaml\nonly: shown\n${fence}`,
    `${fence}sh background until "ready"\nserve\n${fence}`,
    `${fence}sh afterwards\ntidy\n${fence}`,
  ]
  writeFileSync(guide, `${lines.join('\n\n')}\n`)
  assert.deepEqual(blocksOf(guide), [
    { does: 'run', script: 'echo 1\necho 2\n' },
    { does: 'write', path: 'a/b.yaml', content: 'name: x\n' },
    { does: 'keep running', script: 'serve\n', until: 'ready' },
    { does: 'run at the end', script: 'tidy\n' },
  ])
})
