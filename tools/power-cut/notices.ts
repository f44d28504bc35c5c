import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildAgent } from '../../packages/agent/build.mjs'
import { changedSource } from './changed-source.ts'
import type { Mutant } from './mutants.ts'
import type { Row } from './tally.ts'

/** Runs the laboratory in one lane; the last line it prints is what came of it. */
export function rowsOf(args: readonly string[], status = 0): Row[] {
  const main = ['tools/power-cut/main.ts', '--json', '--lanes', '1', ...args]
  const { stdout, stderr, ...ended } = spawnSync(process.execPath, main, { encoding: 'utf8' })
  assert.equal(ended.status, status, `${stdout.slice(-2000)}${stderr.slice(-2000)}`)
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '[]')
}

/** Records this mutant, lets a sound agent come back from its cuts, and holds that something is wrong. */
export async function refuseUnnoticed({ change, journey, only }: Mutant): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-mutant-'))
  try {
    const built = join(folder, 'agent.mjs')
    await buildAgent(built, [changedSource(change)])
    const quick = ['--agent', 'pretend', '--way', 'files', '--patience', '10', '--cuts', '4']
    const rows = rowsOf([...quick, '--built', built, '--journey', journey, '--only', only], 1)
    assert.ok(rows[0] && rows[0].lost + rows[0].broken > 0, JSON.stringify(rows))
  } finally {
    rmSync(folder, { recursive: true })
  }
}
