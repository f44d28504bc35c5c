import { parentPort, workerData } from 'node:worker_threads'
import { targets } from './targets.ts'
import { inputOf, tryInput } from './try-input.ts'

/** What a worker is told: which inputs of which target, and where to write how far it is. */
export interface WorkOrder {
  readonly target: string
  readonly seed: number
  readonly from: number
  readonly runs: number
  readonly until: number
  readonly progress: SharedArrayBuffer
}

const { target: name, seed, from, runs, until, progress } = workerData as WorkOrder
const target = targets.find(one => one.name === name)
if (target === undefined) throw new RangeError(`no target ${name}`)

const seeds = target.seeds()
const at = new Int32Array(progress)
let index = from
// The index is written before the input is tried: after a hang or a crash it says which one it was.
for (; index < runs && performance.timeOrigin + performance.now() < until; index++) {
  Atomics.store(at, 0, index)
  const finding = await tryInput(target, inputOf(target, seeds, seed, index))
  if (finding) parentPort?.postMessage({ index, what: finding.what })
}
parentPort?.postMessage({ done: index })
