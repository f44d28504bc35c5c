import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildAgent } from '../../packages/agent/build.mjs'
import { changedSource } from './changed-source.ts'
import { type PlannedPart, runLane } from './lanes.ts'
import { shippedFile } from './lives.ts'
import type { Mutant } from './mutants.ts'
import { usualPatience } from './patience.ts'
import type { Told, Way } from './play.ts'
import { buildResident } from './resident.ts'

/** Cuts all parts in one laboratory; what came of each cut, by part. */
export async function cutsOf(
  sound: readonly PlannedPart[],
  mutants: readonly Mutant[],
): Promise<Told[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-mutant-'))
  try {
    if (sound.length > 0) await buildAgent(shippedFile)
    await buildResident()
    const parts = [...sound]
    for (const [i, mutant] of mutants.entries()) {
      const file = join(folder, `agent-${i}.mjs`)
      await buildAgent(file, [changedSource(mutant.change)])
      parts.push(partOf(mutant, file))
    }
    const cuts: Told[][] = parts.map(() => [])
    const code = await runLane(parts, ({ part, ...told }) => cuts[part]?.push(told))
    assert.equal(code, 0)
    return cuts
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The first cuts of each of these journeys and ways. */
export function partOfCuts(
  how: PlannedPart['how'],
  ways: readonly Way[],
  journeys: readonly string[],
  count: number,
): PlannedPart {
  const first = Array.from({ length: count }, (_, i) => i)
  const names = journeys.flatMap(name => ways.map(way => `${name} ${way}`))
  const places = Object.fromEntries(names.map(name => [name, first]))
  return { journeys, ways, how, places, patience: usualPatience }
}

/** This mutant is recorded; a sound agent comes back from its cuts. */
function partOf({ journey, only }: Mutant, file: string): PlannedPart {
  const part = partOfCuts('pretend', ['files'], [journey], cutsOfMutant)
  return { ...part, file, only, patience: { quietMs: 10_000 } }
}

const cutsOfMutant = 4

/** Holds that something came out wrong. */
export function refuseUnnoticed(cuts: readonly Told[] = []): void {
  const wrong = cuts.filter(({ broken, lost }) => broken.length + lost.length > 0)
  assert.ok(wrong.length > 0, JSON.stringify(cuts))
}
