import { readdirSync, readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { AppSpec } from '../../packages/agent/src/apps/apps.ts'
import { openApps } from '../../packages/agent/src/apps/index.ts'
import { type Benchmark, type Figure, round } from '../figure.ts'
import { Ground } from './ground.ts'

const count = 20

/** What an app costs beyond itself: in the agent, and by the processes that keep and confine it. */
export const confinedMemory: Benchmark = {
  name: 'confined-memory',
  what: 'memory of the agent, and of what keeps and confines it, for one app',
  async run() {
    using ground = await Ground.lay('/usr/bin/sleep')
    const apps = await openApps({ stateDir: ground.stateDir })
    const specs = Array.from({ length: count + 1 }, (_, i) =>
      ground.spec(`app${i}`, { command: ['usr/bin/sleep', '600'] }),
    )
    const [first, ...rest] = specs
    try {
      // The first pays for what is loaded once.
      if (first) await apps.start(first)
      const before = heapUsed()
      for (const spec of rest) await apps.start(spec)
      const after = heapUsed()
      return figures((after - before) / count, aroundApps(specs, ground.stateDir))
    } finally {
      for (const spec of specs) await apps.stop(spec.package)
      await apps.close()
    }
  },
}

function figures(heap: number, around: number): Figure[] {
  const facts = { apps: count }
  return [
    { name: 'heap of the agent, for each app', value: round(heap / 1024), unit: 'kB', facts },
    { name: 'keeper and sandbox, for each app', value: round(around), unit: 'kB', facts },
  ]
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

/** Private memory of all processes around the apps, in kB: without the app, and what others share. */
function aroundApps(specs: readonly AppSpec[], stateDir: string): number {
  const around = readdirSync('/proc').filter(name => /^\d+$/.test(name) && isAround(name, stateDir))
  const sizes = around.map(pid => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    const lines = [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)]
    return lines.reduce((sum, [, size]) => sum + Number(size), 0)
  })
  return sizes.reduce((sum, size) => sum + size, 0) / specs.length
}

/** Keepers, what writes down for them, and bubblewrap: all but the apps, by their run folders and arguments. */
function isAround(pid: string, stateDir: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    const isKeeper = words.includes('steadfleet-keeper') || words[0] === 'dd'
    return Number(pid) !== process.pid && (isKeeper || words.some(word => word.includes(stateDir)))
  } catch {
    return false
  }
}
