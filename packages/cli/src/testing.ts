import { runProgram } from './program.ts'
import type { Sink, World } from './world.ts'

/** What a run of the command line came to. */
export interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
}

/** Runs the command line in this process, in a world that is all the test's. */
export async function runWords(
  words: readonly string[],
  directory = '/nowhere',
  own: Partial<Pick<World, 'now' | 'random' | 'environment'>> = {},
): Promise<Ran> {
  const [out, err] = [collect(), collect()]
  const world: World = {
    environment: {},
    directory,
    out,
    err,
    isRoot: false,
    interrupted: new AbortController().signal,
    now: () => new Date('2026-11-21T00:00:00Z'),
    random: length => new Uint8Array(length).fill(7),
    ...own,
  }
  const exit = await runProgram(words, world)
  return { exit, out: out.text(), err: err.text() }
}

function collect(): Sink & { text(): string } {
  const chunks: string[] = []
  return { write: text => chunks.push(text), text: () => chunks.join('') }
}
