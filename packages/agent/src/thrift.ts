import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Milliseconds between two collections; what a change left behind is given back within one. */
const everyMs = 60_000
const firstMs = 5_000

/**
 * Collects now and then and gives the memory back to the system, which V8 by itself puts off for as
 * long as the machine has some. The other half of an idle agent's thrift is in `build.mjs`.
 */
export function beThrifty(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: object) => void
  const giveBack = () => collect({ type: 'major', flavor: 'last-resort' })
  setTimeout(giveBack, firstMs).unref()
  setInterval(giveBack, everyMs).unref()
}
