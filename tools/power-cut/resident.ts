import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import { askApp } from './ask-app.ts'
import { changedSource } from './changed-source.ts'
import type { Life } from './lives.ts'
import type { Answer } from './resident-process.ts'

const residentFile = resolve('build/steadfleet-power-cut.mjs')

/**
 * Builds the process in which agents live one after the other. It is small: an agent starts many tools,
 * and to fork a large process costs more than most tools do.
 */
export async function buildResident(): Promise<void> {
  await build({
    entryPoints: [fileURLToPath(new URL('resident-process.ts', import.meta.url))],
    outfile: residentFile,
    bundle: true,
    platform: 'node',
    target: 'node26',
    format: 'esm',
    conditions: ['module', 'import'],
    plugins: cheaper.map(changedSource),
  })
}

const shell = JSON.stringify(fileURLToPath(new URL('host-shell.ts', import.meta.url)))

/**
 * Nothing cuts these lives, so what they make durable is of no account; no app swaps folders while they
 * are removed. What needs a tool runs from a small process.
 */
const cheaper = [
  {
    file: 'agent/src/disk/durable.ts',
    piece: "const child = spawn(tool, args, {\n      stdio: ['ignore', 'ignore', 'pipe'],",
    by: `const asked = import(${shell}).then(one => one.runTool(tool, args))
    return void asked.then(() => resolve(), error => reject(toolFault(tool, 1, error.message)))
    const child = spawn(tool, args, {
      stdio: ['ignore', 'ignore', 'pipe'],`,
    without: "return runTool('sync', ['-f', path])",
  },
  {
    file: 'agent/src/disk/app-folders.ts',
    piece: "await runTool('rm', ['-rf', '--', path])",
    by: `const { rmSync } = process.getBuiltinModule('node:fs')
      rmSync(path, { recursive: true, force: true })`,
  },
]

let resident: ChildProcess | undefined
const gone = new AbortController()
let calls = 0

/** A life in that process; there is one at a time. */
export async function liveResident(how: 'inside' | 'pretend', paths: Paths): Promise<Life> {
  await call('live', how, paths.root)
  let said = ''
  return {
    ask: (name, port) =>
      how === 'inside' ? askApp(name, port) : (call('wordsOf', name) as Promise<string[]>),
    said: () => said,
    async end() {
      said = String(await call('end'))
    },
  }
}

async function call(name: string, ...given: string[]): Promise<unknown> {
  resident ??= begin()
  const id = calls++
  resident.send({ id, name, given })
  for (;;) {
    const [answer] = (await once(resident, 'message', gone)) as [Answer]
    if (answer.id !== id) continue
    if (answer.error === undefined) return answer.value
    throw new Error(answer.error)
  }
}

/** It ends with this process, which does not wait for it. */
function begin(): ChildProcess {
  const child = fork(residentFile, { execArgv: [] })
  child.once('exit', () => gone.abort(new Error('the process in which agents live has ended')))
  child.unref()
  child.channel?.unref()
  return child
}
