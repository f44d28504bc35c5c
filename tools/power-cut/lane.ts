import { journeys } from './journeys.ts'
import { playLane } from './play.ts'

/**
 * One laboratory, in a process of its own: `main.ts` gives it namespaces, so that no other
 * lane's device holds on to its disk. Its argument is a plan as JSON; each result is a line of JSON.
 */
const { names, ...plan } = JSON.parse(process.argv[2] ?? '')
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())

await playLane({
  ...plan,
  journeys: journeys.filter(({ name }) => names.includes(name)),
  stop: stop.signal,
  tell: result => console.log(JSON.stringify(result)),
})
