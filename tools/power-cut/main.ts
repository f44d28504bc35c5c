import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { buildAgent } from '../../packages/agent/build.mjs'
import { whyNoDisks } from './disks.ts'
import { journeys } from './journeys.ts'
import { type PlannedPart, runLane, type ToldOfPart } from './lanes.ts'
import { type Manifestation, manifestations, shippedFile } from './lives.ts'
import { cutsOfRecovery, ways } from './play.ts'
import { buildResident } from './resident.ts'
import { type Result, tallyOf, toTable } from './tally.ts'

const usage = `node tools/power-cut/main.ts: cuts the power of a device at every instant of its journeys

  --journey NAME    only this journey; may be given again
  --way NAME        how power is cut, ${ways.join(' or ')}; may be given again
  --agent WHICH     who comes back: shipped (the built file, the default), inside (the same sources in
                    this process), pretend (these with pretended apps and time that hurries)
  --built FILE      the built agent that is recorded, where it is not that of this checkout: for cuts
                    from which another comes back
  --only PATTERN    only cuts that are called so in part: 'rename .*: nothing arrived'
  --from N          begin with the cut at this place of each journey and way (0)
  --cuts N          so many cuts of each journey and way (10)
  --lanes N         laboratories side by side (2)
  --patience N      seconds in which nothing changes before a device counts as stuck (120)
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
  built: { type: 'string' },
  only: { type: 'string' },
  from: { type: 'string', default: '0' },
  cuts: { type: 'string', default: '10' },
  lanes: { type: 'string', default: '2' },
  patience: { type: 'string', default: '120' },
  results: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({ options })
  if (values.help) return say(usage)
  const how = manifestations.find(one => one === values.agent)
  if (how === undefined) throw new RangeError(`cannot let ${values.agent} come back`)
  const why = whyNoDisks()
  if (why) return say(`no power can be cut here: ${why}`)
  if (values.built === undefined) await buildAgent(shippedFile)
  await buildResident()
  const held = heldIn(values.results)
  const results = [...held]
  const commit = commitOf()
  const tell = ({ part: _, ...told }: ToldOfPart) => {
    const result = { ...told, agent: how, commit }
    results.push(result)
    const line = JSON.stringify(result)
    if (values.results) appendFileSync(values.results, `${line}\n`)
    const isWell = result.broken.length + result.lost.length === 0
    say(!values.json && isWell ? `${keyOf(result)}: ${result.found}` : line)
  }
  const codes = await Promise.all(plansOf(values, held, how).map(plan => runLane([plan], tell)))
  const rows = tallyOf(results)
  say(values.json ? JSON.stringify(rows) : `\n${toTable(rows)}`)
  const isWell = rows.every(({ broken, lost }) => broken + lost === 0)
  return isWell && codes.every(code => code === 0) ? 0 : 1
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>['values']

/** What `lane.ts` reads: the cuts that are not done yet, dealt out to the lanes. */
function plansOf(values: Values, held: readonly Result[], how: Manifestation): PlannedPart[] {
  const done = new Set(held.map(keyOf))
  const { built: file, only } = values
  const playable = journeys.filter(({ isLaunched }) => how === 'shipped' || !isLaunched)
  const names = playable.map(({ name }) => name).filter(isChosen(values.journey))
  const chosenWays = ways.filter(isChosen(values.way))
  const from = Number(values.from)
  const wanted = rangeOf(from, from + Number(values.cuts))
  const lanes = Number(values.lanes)
  return rangeOf(0, lanes).map(lane => {
    const placesOf = (journey: string, way: string) =>
      wanted.filter(position => {
        const isOwn = Math.floor(position / cutsOfRecovery) % lanes === lane
        return isOwn && !done.has(keyOf({ journey, way, position, agent: how }))
      })
    const rows = names.flatMap(name =>
      chosenWays.map(way => [`${name} ${way}`, placesOf(name, way)] as const),
    )
    const places = Object.fromEntries(rows)
    const patience = { quietMs: Number(values.patience) * 1000 }
    return { journeys: names, ways: chosenWays, how, file, only, patience, places }
  })
}

function heldIn(file: string | undefined): Result[] {
  if (file === undefined || !existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  return lines.map(line => JSON.parse(line))
}

type Key = Pick<Result, 'journey' | 'way' | 'position' | 'agent'>

function keyOf({ journey, way, position, agent }: Key): string {
  return `${journey} ${way} ${position} ${agent}`
}

/** Which sources were cut; a plus where they are not quite those. */
function commitOf(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' }).trim()
  const isChanged = git('status', '--porcelain', '--', 'packages') !== ''
  return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''}`
}

function isChosen(names: readonly string[] | undefined): (name: string) => boolean {
  return name => names === undefined || names.includes(name)
}

function rangeOf(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
}

function say(line: string): number {
  console.log(line)
  return 0
}
