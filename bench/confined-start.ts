import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parsePackageName } from '@steadfleet/domain'
import { findFloor, leaveFloor } from '../packages/agent/src/apps/floor.ts'
import { interpreterOf, launcherFor } from '../packages/agent/src/apps/host-programs.ts'
import { type Floor, prepareSandbox } from '../packages/agent/src/apps/sandboxes.ts'
import { type Benchmark, medianOf, round, spreadOf } from './figure.ts'

const runs = 200
const say = (...words: string[]) => console.error(...words)

/** `/usr/bin/true`, from spawn to exit, by itself and as an app is started. */
export const confinedStart: Benchmark = {
  name: 'confined-start',
  what: 'a program that does nothing, in the sandbox and without it',
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-bench-'))
    mkdirSync(join(folder, 'apps'))
    const isRoot = process.geteuid?.() === 0
    const floor = await findFloor({
      stateDir: folder,
      isRoot,
      withCgroups: false,
      warn: say,
      power: say,
    })
    try {
      const command = await sandboxed(folder, floor)
      const filter = join(folder, 'run', 'filter')
      const bare = await timesOf(['/usr/bin/true'])
      const confined = await timesOf(command, filter)
      const cost = round(medianOf(confined) - medianOf(bare))
      return [
        { name: 'bare start', value: medianOf(bare), unit: 'ms', facts: spreadOf(bare) },
        {
          name: 'confined start',
          value: medianOf(confined),
          unit: 'ms',
          facts: spreadOf(confined),
        },
        { name: 'what confinement costs', value: cost, unit: 'ms', facts: { runs } },
      ]
    } finally {
      leaveFloor(floor)
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** The command that the agent would run for an app that is only `true`, with no interface. */
async function sandboxed(folder: string, floor: Floor): Promise<string[]> {
  const tree = join(folder, 'tree')
  for (const file of await filesOf('/usr/bin/true')) {
    mkdirSync(dirname(join(tree, file)), { recursive: true })
    copyFileSync(file, join(tree, file))
  }
  writeFileSync(join(folder, 'settings.json'), '{}')
  const command = ['usr/bin/true']
  const spec = {
    package: parsePackageName('bench/true'),
    app: 'true',
    revision: 1,
    tree,
    data: join(folder, 'data'),
    settings: join(folder, 'settings.json'),
    values: {},
    declaration: { command },
    opened: [],
    limits: {},
  }
  return prepareSandbox(floor, spec, { folder: join(folder, 'run'), command })
}

/** A program with its loader and libraries, at the paths where the loader looks for them. */
async function filesOf(program: string): Promise<string[]> {
  const { shown } = await launcherFor(program)
  const loader = interpreterOf(readFileSync(program))
  return [program, ...shown.map(({ from }) => from), ...(loader === undefined ? [] : [loader])]
}

async function timesOf(command: readonly string[], filter?: string): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < runs; i += 1) times.push(await timeOf(command, filter))
  return times
}

async function timeOf(
  [program = '', ...words]: readonly string[],
  filter?: string,
): Promise<number> {
  const file = filter === undefined ? undefined : openSync(filter, 'r')
  const began = performance.now()
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'inherit', file ?? 'ignore'] })
  const [code] = await once(child, 'exit')
  const time = performance.now() - began
  if (file !== undefined) closeSync(file)
  if (code !== 0) throw new RangeError(`cannot time ${program}: exit ${code}`)
  return time
}
