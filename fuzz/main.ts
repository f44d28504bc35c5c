import { parseArgs } from 'node:util'
import { keepFinding } from './found.ts'
import { runTarget } from './run-target.ts'
import type { FuzzTarget } from './target.ts'
import { targets } from './targets.ts'

/**
 * Fuzzes every parser, or those whose name begins with `--target`: by count (`--runs`), by time for
 * each (`--seconds`), or both, from a `--seed`. What is found is kept in `vectors/` and ends in exit 1.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seconds: { type: 'string' },
    target: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
  },
})
const wanted = values.target
const chosen = targets.filter(({ name }) => name.startsWith(wanted))
if (chosen.length === 0) {
  console.error(`cannot fuzz ${wanted}: there are ${targets.map(({ name }) => name).join(', ')}`)
  process.exitCode = 2
}
for (const target of chosen) await fuzz(target)

async function fuzz(target: FuzzTarget): Promise<void> {
  const started = Date.now()
  const seconds = Number(
    values.seconds ?? (values.runs === undefined ? 10 : Number.POSITIVE_INFINITY),
  )
  const { tried, findings } = await runTarget(target, {
    seed: Number(values.seed),
    runs: Number(values.runs ?? 2 ** 31 - 1),
    until: started + seconds * 1000,
  })
  const took = (Date.now() - started) / 1000
  const rate = Math.round(tried / took)
  console.log(
    `${findings.length === 0 ? '✔' : '✖'} ${target.name.padEnd(20)} ${String(tried).padStart(9)} inputs ` +
      `in ${took.toFixed(1)} s, ${rate} a second`,
  )
  for (const finding of findings) {
    console.log(`  ${keepFinding(target, finding)}\n  ${finding.what.replaceAll('\n', '\n  ')}`)
    process.exitCode = 1
  }
}
