import { Worker } from 'node:worker_threads'
import type { FuzzTarget } from './target.ts'
import { type Finding, inputOf } from './try-input.ts'
import type { WorkOrder } from './worker.ts'

/** No progress for so long is a hang: the worker is ended and the input it was at is a finding. */
const longestSilence = 30_000
/** After so many findings of one target, more of them tell nothing new. */
const mostFindings = 20

export interface Limits {
  readonly seed: number
  readonly runs: number
  /** When to end, in milliseconds since the epoch. */
  readonly until: number
}

export interface Outcome {
  readonly tried: number
  readonly findings: readonly Finding[]
}

/**
 * Gives a target its inputs in a thread of its own, so that a hang and a crash are findings like
 * any other; the next worker goes on behind the input that ended the last.
 */
export async function runTarget(target: FuzzTarget, limits: Limits): Promise<Outcome> {
  const found = new Map<string, Finding>()
  const add = (index: number, what: string): void => {
    const input = inputOf(target, target.seeds(), limits.seed, index)
    // One finding for each place: the first line and the first frame of our own.
    const place = what.split('\n').slice(0, 2).join('\n')
    if (!found.has(place))
      found.set(place, { target: target.name, what: `input ${index}: ${what}`, input })
  }
  let from = 0
  while (from < limits.runs && Date.now() < limits.until && found.size < mostFindings) {
    from = await runWorker({ ...limits, target: target.name, from }, add)
  }
  return { tried: from, findings: [...found.values()] }
}

type Message = { readonly index: number; readonly what: string } | { readonly done: number }

/** Runs one worker to its end, however it comes, and yields the index to go on from. */
function runWorker(
  order: Omit<WorkOrder, 'progress'>,
  add: (index: number, what: string) => void,
): Promise<number> {
  const progress = new SharedArrayBuffer(4)
  const at = new Int32Array(progress)
  at[0] = order.from
  return new Promise(resolve => {
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: { ...order, progress },
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    })
    let seen = order.from
    const watch = setInterval(() => {
      const now = Atomics.load(at, 0)
      if (now === seen && now > order.from) end(`no end after ${longestSilence} ms`)
      seen = now
    }, longestSilence)
    const end = (what: string): void => {
      const index = Atomics.load(at, 0)
      add(index, what)
      settle(index + 1)
    }
    const settle = (next: number): void => {
      clearInterval(watch)
      worker.removeAllListeners()
      void worker.terminate()
      resolve(next)
    }
    worker.on('message', (message: Message) => {
      if ('done' in message) settle(message.done)
      else add(message.index, message.what)
    })
    worker.on('error', error => end(`the process would have ended: ${error}`))
    worker.on('exit', code => end(`the process would have ended with ${code}`))
  })
}
