import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readRecord } from './run-record.ts'

test('a run that was written down by names of interfaces has requests of these names', () => {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-record-'))
  const spec = { app: 'web', interfaces: ['network'] }
  writeFileSync(join(folder, 'run.json'), JSON.stringify({ spec, cgroup: [] }))
  const found = readRecord(folder)?.spec
  rmSync(folder, { recursive: true })
  assert.deepEqual(found, { app: 'web', opened: [{ interface: 'network' }] })
})
