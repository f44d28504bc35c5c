import { toPrintable } from '@steadfleet/base'
import { Listr, ListrLogger, ProcessOutput } from 'listr2'
import { toDuration } from './output.ts'
import type { Sink } from './world.ts'

/** Says what goes on inside a task: the newest line is what people look at. */
export type Say = (line: string) => void

/** Shows tasks as they run: lively on a terminal, line by line elsewhere. */
export interface Progress {
  /** Runs a task; its result is told by `outcome`, with how long it took. */
  task<T>(title: string, work: (say: Say) => Promise<T>, outcome: (result: T) => string): Promise<T>
}

/** The progress that suits where it is shown; with `--json` nobody looks. */
export function openProgress(sink: Sink, isQuiet: boolean, clock: () => number): Progress {
  if (isQuiet) return { task: (_, work) => work(() => undefined) }
  // A terminal that does not say how wide it is can’t be redrawn.
  return sink.isTTY && (sink.columns ?? 0) >= 40 ? lively(sink, clock) : byLine(sink, clock)
}

function byLine(sink: Sink, clock: () => number): Progress {
  return {
    async task(title, work, outcome) {
      const began = clock()
      let told = ''
      sink.write(`… ${title}\n`)
      const result = await work(line => {
        const shape = shapeOf(line)
        if (shape !== told) sink.write(`    ${toPrintable(line)}\n`)
        told = shape
      })
      sink.write(`✓ ${title}: ${toPrintable(outcome(result))}  (${toDuration(clock() - began)})\n`)
      return result
    },
  }
}

/** Counters and long lists are one line here, not thousands. */
function shapeOf(line: string): string {
  const [first = ''] = line.split(' ')
  return ['read', 'sent', 'unpack', 'write'].includes(first) ? first : line
}

function lively(sink: Sink, clock: () => number): Progress {
  // The renderer asks a stream only to write, and how wide it is.
  const stream = sink as NodeJS.WriteStream
  const logger = new ListrLogger({ processOutput: new ProcessOutput(stream, stream) })
  return {
    async task<T>(title: string, work: (say: Say) => Promise<T>, outcome: (result: T) => string) {
      const began = clock()
      const results: T[] = []
      const list = new Listr(
        [
          {
            title,
            rendererOptions: { outputBar: 3 },
            task: async (_, task) => {
              const result = await work(line => {
                task.output = line
              })
              results.push(result)
              task.title = `${title}: ${outcome(result)}  (${toDuration(clock() - began)})`
            },
          },
        ],
        // Its own listener for Ctrl-C exits at once: what the task started would run on.
        { registerSignalListeners: false, rendererOptions: { logger } },
      )
      await list.run()
      return results[0] as T
    },
  }
}
