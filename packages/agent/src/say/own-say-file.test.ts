import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { OwnSay } from '@steadfleet/domain'
import { pathsOf } from '../disk/paths.ts'
import { OwnSayFile } from './own-say-file.ts'

const said: OwnSay = {
  hold: { until: '2026-12-24T18:00:00Z' },
  metered: true,
  pending: { since: '2026-11-21T12:00:00Z', waited: 7, leased: 0 },
}

describe('what was said on a device', () => {
  test('is there for the next agent, though one of its files is torn', async t => {
    const root = mkdtempSync(join(tmpdir(), 'steadfleet-say-'))
    t.after(() => rmSync(root, { recursive: true }))
    const paths = pathsOf(root)
    assert.deepEqual((await OwnSayFile.open(paths)).value, {})
    const file = await OwnSayFile.open(paths)
    await Promise.all([file.put({ hold: {} }), file.put(said)])
    for (const torn of [paths.say, `${paths.say}.2`]) {
      truncateSync(torn, 10)
      assert.deepEqual((await OwnSayFile.open(paths)).value, said, torn)
    }
    for (const torn of [paths.say, `${paths.say}.2`]) writeFileSync(torn, 'not what it was')
    assert.deepEqual((await OwnSayFile.open(paths)).value, {}, 'nothing was said')
  })
})
