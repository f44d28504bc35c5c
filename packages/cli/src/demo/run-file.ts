import { existsSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { CliError } from '../error.ts'
import { end, isAlive, type ProcessName } from '../process/living.ts'

/** What a running demo has begun, written down before it counts on it, so that a crash leaves a trace. */
interface Begun {
  readonly demo: ProcessName
  readonly children: readonly ProcessName[]
}

/** The record of what runs. Children that ended are no fault in it: their names say so. */
export interface RunFile {
  add(child: ProcessName): Promise<void>
  remove(): Promise<void>
}

/** Begins a record, unless a demo that lives still holds it; what a dead one left is ended. */
export async function openRunFile(path: string, demo: ProcessName): Promise<RunFile> {
  await endLeftovers(path)
  let begun: Begun = { demo, children: [] }
  let written = write(path, begun)
  await written
  return {
    // One write after the other: two at once would take each other's new file away.
    add(child) {
      begun = { ...begun, children: [...begun.children, child] }
      const next = begun
      written = written.then(() => write(path, next))
      return written
    },
    remove: () => rm(path, { force: true }),
  }
}

async function endLeftovers(path: string): Promise<void> {
  if (!existsSync(path)) return
  const begun: Begun = JSON.parse(await readFile(path, 'utf8'))
  refuseLiving(begun.demo)
  await Promise.all(begun.children.map(child => end(child, 10_000)))
}

function refuseLiving(demo: ProcessName): void {
  if (!isAlive(demo)) return
  const message = `cannot start the demo: process ${demo.pid} runs it on the same data`
  const hint = 'end that one with Ctrl-C, or name another folder with --dir'
  throw new CliError('cli/demo', message, { pid: demo.pid, hint })
}

async function write(path: string, begun: Begun): Promise<void> {
  await writeFile(`${path}.new`, JSON.stringify(begun))
  await rename(`${path}.new`, path)
}
