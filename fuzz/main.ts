import { keepFinding } from './found.ts'
import { type FuzzOptions, readOptions } from './options.ts'
import { runTarget } from './run-target.ts'
import type { FuzzTarget } from './target.ts'
import { targets } from './targets.ts'

/** Fuzzes what the command line names. Exit 1: something was found; 2: the words are off. */
try {
  const options = readOptions(process.argv.slice(2), targets)
  if (typeof options === 'string') console.log(options)
  else for (const target of options.targets) await fuzz(target, options)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}

async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<void> {
  const { seed, runs, seconds, isJson } = options
  const started = Date.now()
  const { tried, findings } = await runTarget(target, {
    seed,
    runs,
    until: started + seconds * 1000,
  })
  const took = (Date.now() - started) / 1000
  const { name } = target
  const print = isJson ? printJson : printRow
  print({ name, tried, took, rate: Math.round(tried / took), findings: findings.length, seed })
  for (const finding of findings) {
    console.error(`  ${keepFinding(target, finding)}\n  ${finding.what.replaceAll('\n', '\n  ')}`)
    process.exitCode = 1
  }
}

interface Row {
  readonly name: string
  readonly tried: number
  /** Seconds. */
  readonly took: number
  readonly rate: number
  readonly findings: number
  readonly seed: number
}

function printRow({ name, tried, took, rate, findings }: Row): void {
  const mark = findings === 0 ? '✔' : '✖'
  const count = String(tried).padStart(9)
  console.log(
    `${mark} ${name.padEnd(20)} ${count} inputs in ${took.toFixed(1)} s, ${rate} a second`,
  )
}

function printJson(row: Row): void {
  console.log(JSON.stringify(row))
}
