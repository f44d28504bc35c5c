import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What a change left behind is given back this much later at most. */
const lookMs = 60_000
const firstMs = 5_000
/** Less than this made since the last time is not worth a collection: an idle agent makes it in an hour. */
const worthBytes = 4 * 1024 * 1024

/**
 * Collects after work and gives the memory back to the system, which V8 by itself puts off for as
 * long as the machine has some. The other halves of an idle agent's thrift are in `build.mjs` and, for
 * what is not V8's, in the environment that the rescuer gives it.
 */
export function beThrifty(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: object) => void
  let before = 0
  const giveBack = () => {
    if (madeSoFar() - before < worthBytes) return
    collect({ type: 'major', flavor: 'last-resort' })
    before = madeSoFar()
  }
  setTimeout(giveBack, firstMs).unref()
  setInterval(giveBack, lookMs).unref()
}

/** Bytes of all objects that were ever made. */
function madeSoFar(): number {
  return getHeapStatistics().total_allocated_bytes
}
