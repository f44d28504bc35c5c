import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parsePackageName } from '@steadfleet/domain'
import { openUids } from './uids.ts'

test('packages that start side by side each get a uid, and keep it over a restart', async () => {
  const root = mkdtempSync(join(tmpdir(), 'steadfleet-uids-'))
  try {
    mkdirSync(join(root, 'apps'))
    const table = join(root, 'leases')
    const names = Array.from({ length: 20 }, (_, i) => parsePackageName(`acme/app-${i}`))
    const uids = openUids(table, root)
    const first = await Promise.all(names.map(name => uids.of(name)))
    assert.equal(new Set(first).size, names.length)
    const { places } = JSON.parse(readFileSync(join(root, 'apps', 'uids.json'), 'utf8'))
    assert.deepEqual(Object.keys(places).sort(), [...names].sort())
    const again = openUids(table, root)
    assert.deepEqual(await Promise.all(names.map(name => again.of(name))), first)
    again.release()
  } finally {
    rmSync(root, { recursive: true })
  }
})
