import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { buildAgent } from '../../packages/agent/build.mjs'
import { changedSource } from './changed-source.ts'
import { whyNoDisks } from './disks.ts'
import type { Row } from './tally.ts'

describe('power that is cut', { skip: whyNoDisks() }, () => {
  test('in the middle of anything leaves the old or the new generation, and nothing else', () => {
    const names = ['--journey', 'update', '--journey', 'fails-migrate']
    const quick = rowsOf(['--agent', 'pretend', '--way', 'files', ...names, '--cuts', '48'])
    const real = rowsOf(['--journey', 'update', '--way', 'disk', '--way', 'lost', '--cuts', '2'])
    const rows = [...quick, ...real]
    assert.deepEqual(
      rows.filter(({ broken, lost }) => broken + lost > 0),
      [],
    )
    const sum = (name: 'cuts' | 'old' | 'new') => rows.reduce((all, row) => all + row[name], 0)
    assert.equal(sum('cuts'), 100)
    assert.ok(sum('old') > 0 && sum('new') > 0)
  })

  test('is noticed where a copy of data is not durable before it is done', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-mutant-'))
    try {
      const built = join(folder, 'agent.mjs')
      const piece = 'await syncFileSystem(dirname(draft))'
      await buildAgent(built, [changedSource({ file: 'agent/src/change/package-data.ts', piece })])
      const args = ['--built', built, '--agent', 'pretend', '--way', 'files', '--journey', 'update']
      // While the copy is being migrated: the old generation may still be all there is.
      const [row] = rowsOf([...args, '--only', 'write m3', '--cuts', '4'], 1)
      assert.ok(row && row.lost > 0, JSON.stringify(row))
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

/** Runs the laboratory; the last line it prints is what came of it. */
function rowsOf(args: readonly string[], status = 0): Row[] {
  const main = ['tools/power-cut/main.ts', '--json', '--lanes', '1', ...args]
  const { stdout, stderr, ...ended } = spawnSync(process.execPath, main, { encoding: 'utf8' })
  assert.equal(ended.status, status, `${stdout.slice(-2000)}${stderr.slice(-2000)}`)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '[]')
}
