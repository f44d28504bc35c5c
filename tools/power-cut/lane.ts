import { journeys } from './journeys.ts'
import type { PlannedPart } from './lanes.ts'
import { playLane } from './play.ts'

/**
 * One laboratory, in a process of its own: `lanes.ts` gives it namespaces, so that no other
 * lane's device holds on to its disk. Its argument is a plan as JSON; each result is a line of JSON.
 */
const parts: PlannedPart[] = JSON.parse(process.argv[2] ?? '')
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())

await playLane({
  parts: parts.map(part => ({
    ...part,
    journeys: journeys.filter(({ name }) => part.journeys.includes(name)),
  })),
  stop: stop.signal,
  tell: result => console.log(JSON.stringify(result)),
})
