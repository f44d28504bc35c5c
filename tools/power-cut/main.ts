import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { buildAgent } from '../../packages/agent/build.mjs'
import { whyNoDisks } from './disks.ts'
import { journeys } from './journeys.ts'
import { shippedFile } from './lives.ts'
import { play, ways } from './play.ts'
import { type Result, tallyOf, toTable } from './tally.ts'

const usage = `node tools/power-cut/main.ts: cuts the power of a device at every instant of its journeys

  --journey NAME    only this journey; may be given again
  --way NAME        how power is cut, ${ways.join(' or ')}; may be given again
  --agent WHICH     shipped (the built file, the default) or inside (the same sources, quicker)
  --from N          begin with the cut at this place of each journey and way (0)
  --cuts N          so many cuts of each journey and way (10)
  --lanes N         laboratories side by side (2)
  --results FILE    append each cut as a line of JSON; what it holds already is not done again
  --json            print each cut as a line of JSON, and the sums as one
  --help            this

journeys
${journeys.map(({ name, what }) => `  ${name.padEnd(18)}${what}`).join('\n')}

examples
  node tools/power-cut/main.ts --journey update --cuts 20
  node tools/power-cut/main.ts --cuts 300 --lanes 4 --results cuts.jsonl    again: goes on
`

const options = {
  journey: { type: 'string', multiple: true },
  way: { type: 'string', multiple: true },
  agent: { type: 'string', default: 'shipped' },
  from: { type: 'string', default: '0' },
  cuts: { type: 'string', default: '10' },
  lanes: { type: 'string', default: '2' },
  results: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({ options })
  if (values.help) return say(usage)
  const why = whyNoDisks()
  if (why) return say(`no power can be cut here: ${why}`)
  await buildAgent(shippedFile)
  const held = heldIn(values.results)
  const done = new Set(held.map(keyOf))
  const results = [...held]
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  await play({
    stop: stop.signal,
    journeys: chosen(journeys, one => one.name, values.journey),
    ways: chosen(ways, one => one, values.way),
    how: values.agent === 'inside' ? 'inside' : 'shipped',
    from: Number(values.from),
    cuts: Number(values.cuts),
    lanes: Number(values.lanes),
    isDone: (journey, way, position) => done.has(keyOf({ journey, way, position })),
    tell: result => {
      results.push(result)
      const line = JSON.stringify(result)
      if (values.results) appendFileSync(values.results, `${line}\n`)
      const isWell = result.broken.length + result.lost.length === 0
      if (values.json) say(line)
      else say(isWell ? `${keyOf(result)}: ${result.found}` : `${keyOf(result)}: ${line}`)
    },
  })
  const rows = tallyOf(results)
  say(values.json ? JSON.stringify(rows) : `\n${toTable(rows)}`)
  return rows.some(({ broken, lost }) => broken + lost > 0) ? 1 : 0
}

function heldIn(file: string | undefined): Result[] {
  if (file === undefined || !existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map(line => JSON.parse(line))
}

function keyOf({ journey, way, position }: Pick<Result, 'journey' | 'way' | 'position'>): string {
  return `${journey} ${way} ${position}`
}

function chosen<T>(all: readonly T[], nameOf: (one: T) => string, names?: string[]): T[] {
  return all.filter(one => names === undefined || names.includes(nameOf(one)))
}

function say(line: string): number {
  console.log(line)
  return 0
}
