import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { blocksOf, type GuideBlock } from '../tools/guide.ts'

const minutes = 60_000

/** A guide, and what its reader's machine must have for it to be followed. */
export interface Guide {
  readonly file: string
  /** Guides that go on from where this one ends. */
  readonly goesOn?: readonly string[]
  /** The ports that it names, since a person reads them. */
  readonly ports: readonly number[]
  /** Programs that it runs, by their paths. */
  readonly programs: readonly string[]
  /** Makes in the folder what its reader has already. */
  readonly before?: (folder: string) => Promise<void>
  /** What must be run even where the guide stopped half-way, and the folder whose being says so. */
  readonly undo?: { readonly folder: string; readonly script: string }
}

/** Does what a guide says, word by word, in a folder like a fresh checkout. */
export async function followGuide(t: TestContext, guide: Guide): Promise<void> {
  const taken = (await Promise.all(guide.ports.map(isTaken))).indexOf(true)
  if (taken >= 0) return t.skip(`port ${guide.ports[taken]} of the guide is in use on this machine`)
  const missing = guide.programs.find(program => !existsSync(program))
  if (missing) return t.skip(`the guide’s reader has ${missing}; this machine has not`)
  const folder = checkoutLike()
  const left: ChildProcess[] = []
  t.after(async () => {
    await endAll(left)
    const { undo } = guide
    if (undo && existsSync(join(folder, undo.folder))) {
      await run(undo.script, folder).catch(console.error)
    }
    rmSync(folder, { recursive: true, force: true })
  })
  await guide.before?.(folder)
  for (const file of [guide.file, ...(guide.goesOn ?? [])]) {
    for (const block of blocksOf(file)) await follow(block, folder, left)
  }
}

async function follow(block: GuideBlock, folder: string, left: ChildProcess[]): Promise<void> {
  switch (block.does) {
    case 'write':
      return writeFileSync(join(folder, block.path), block.content)
    case 'run':
      return run(block.script, folder)
    case 'run at the end':
      await endAll(left)
      return run(block.script, folder)
    case 'keep running':
      left.push(await keepRunning(block.script, block.until, folder))
  }
}

/** Types a block into the one terminal that all of them share: what it exports, the next one has. */
async function run(script: string, folder: string): Promise<void> {
  const memory = join(folder, '.exports')
  const whole = `set -e; [ ! -f ${memory} ] || . ${memory}\n${script}\nexport -p > ${memory}`
  const options = { cwd: folder, timeout: 3 * minutes, env: environment() }
  try {
    await promisify(execFile)('bash', ['-o', 'pipefail', '-c', whole], options)
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    assert.fail(`${script}\n${stdout}${stderr}`)
  }
}

async function keepRunning(script: string, until: string, cwd: string): Promise<ChildProcess> {
  const child = spawn('bash', ['-c', `exec ${script}`], {
    cwd,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let said = ''
  const { promise, resolve: ready, reject } = Promise.withResolvers<void>()
  const hear = (text: Buffer): void => {
    said += text
    if (said.includes(until)) ready()
  }
  child.stdout?.on('data', hear)
  child.stderr?.on('data', hear)
  child.once('exit', code => reject(new Error(`${script} ended with ${code}: ${said}`)))
  await promise
  return child
}

async function endAll(left: ChildProcess[]): Promise<void> {
  for (const child of left.splice(0).reverse()) await end(child)
}

/** As Ctrl-C does: all of the terminal's foreground group is told. */
async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  process.kill(-child.pid, 'SIGINT')
  await ended
}

/** A folder with all that the checkout has, so that what the guide makes lies beside it. */
function checkoutLike(): string {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-guide-'))
  for (const name of readdirSync('.').filter(one => !one.startsWith('.'))) {
    symlinkSync(resolve(name), join(folder, name))
  }
  return folder
}

/** Without what npm tells the scripts it runs, which would point npx back at the checkout. */
function environment(): NodeJS.ProcessEnv {
  const { STEADFLEET_DIR: _, ...rest } = process.env
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !/^npm_|^INIT_CWD$/.test(name)))
}

function isTaken(port: number): Promise<boolean> {
  return new Promise(settle => {
    const probe = connect(port, '127.0.0.1')
    probe.once('connect', () => settle(true))
    probe.once('error', () => settle(false))
    probe.once('close', () => probe.destroy())
    probe.once('connect', () => probe.end())
  })
}
