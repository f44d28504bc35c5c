import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { whyNoDisks } from '../tools/power-cut/disks.ts'

/**
 * Thousands of cuts take hours. With a file for their results the run may be ended, and goes on where it
 * was; of two machines each begins elsewhere.
 */
const { STEADFLEET_CUTS, STEADFLEET_CUT_FROM, STEADFLEET_CUT_LANES, STEADFLEET_CUT_RESULTS } =
  process.env

test('five thousand cuts of power leave nothing broken and nothing lost', {
  skip: whyNoDisks(),
}, async () => {
  // Thirteen journeys, four ways: 100 of each are more than 5,000.
  const asked = {
    cuts: STEADFLEET_CUTS ?? '100',
    from: STEADFLEET_CUT_FROM ?? '0',
    lanes: STEADFLEET_CUT_LANES ?? '2',
    results: STEADFLEET_CUT_RESULTS,
  }
  const args = Object.entries(asked).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  )
  const run = spawn(process.execPath, ['tools/power-cut/main.ts', ...args], { stdio: 'inherit' })
  const [code] = await once(run, 'close')
  assert.equal(code, 0)
})
