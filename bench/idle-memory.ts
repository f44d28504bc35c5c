import { readFileSync, statSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Benchmark, Figure } from './figure.ts'
import { onStage } from './stage.ts'

const settleMs = 10_000

/** The built agent with one app running and nothing to do. */
export const idleMemory: Benchmark = {
  name: 'idle-memory',
  what: 'the one-file agent, one app running, ten seconds after its change was committed',
  run: () =>
    onStage(4, async stage => {
      await wait(settleMs)
      const pids = stage.actors.map(actor => stage.agentOf(actor).pid)
      const size = statSync('build/steadfleet-agent.mjs').size
      return [
        memory('resident (RSS)', 'Rss', pids),
        memory('proportional (PSS)', 'Pss', pids),
        memory('its own alone (private dirty)', 'Private_Dirty', pids),
        { name: 'size of the file', value: Math.round(size / 1024), unit: 'KiB', facts: {} },
      ]
    }),
}

function memory(name: string, row: string, pids: readonly number[]): Figure {
  const sizes = pids.map(pid => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Number(new RegExp(`^${row}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
  })
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length
  return { name, value: Math.round(mean), unit: 'KiB', facts: { agents: pids.length } }
}
