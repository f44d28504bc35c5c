import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { type App, parsePackageName } from '@steadfleet/domain'
import type { AppExit, AppLine, AppSpec, Apps, AppsOptions, AppTrouble } from '../apps.ts'
import { findProgram, interpreterOf } from '../host-programs.ts'
import { openApps } from '../index.ts'
import { leaseTable } from '../uid-lease.ts'

export const isRoot = process.getuid?.() === 0

/** Why nothing can be confined here, or false: what a test that needs it is given as `skip`. */
export const noSandbox: string | false = await (async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'steadfleet-apps-')))
  const apps = await openApps({ stateDir: folder })
  const { confinement = '' } = apps.describeConfinement()
  await apps.close()
  rmSync(folder, { recursive: true })
  return confinement === 'enforced' ? false : confinement
})()

/** Quick back-off, so that journeys take moments. */
const backOff = { firstMs: 20, longestMs: 200, calmMs: 60_000 }

/** A state directory with a small real tree, and the apps that run there. */
export class Bench implements AsyncDisposable {
  readonly stateDir: string
  readonly tree: string
  readonly exits: AppExit[] = []
  readonly troubles: AppTrouble[] = []
  readonly lines: AppLine[] = []
  readonly warnings: string[] = []
  readonly options: Partial<AppsOptions>
  apps!: Apps

  constructor(options: Partial<AppsOptions>) {
    this.options = options
    this.stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'steadfleet-apps-')))
    this.tree = join(this.stateDir, 'tree')
    for (const name of [
      'sh',
      'cat',
      'env',
      'id',
      'ls',
      'sleep',
      'head',
      'dd',
      'mount',
      'unshare',
    ]) {
      this.addProgram(name)
    }
    writeFileSync(join(this.stateDir, 'settings.json'), '{"greeting":"hello"}')
  }

  static async open(options: Partial<AppsOptions> = {}): Promise<Bench> {
    const bench = new Bench(options)
    await bench.reopen()
    return bench
  }

  /** As a new agent does: what ran before runs on. */
  async reopen(): Promise<void> {
    await this.apps?.close()
    const { stateDir, options } = this
    const warn = (message: string) => void this.warnings.push(message)
    this.apps = await openApps({ stateDir, backOff, warn, ...options })
    this.apps.onExit(exit => this.exits.push(exit))
    this.apps.onTrouble(trouble => this.troubles.push(trouble))
    this.apps.follow(line => this.lines.push(line))
  }

  /** An app that runs a line of shell. */
  shell(
    app: string,
    script: string,
    stated: Partial<App> = {},
    more: Partial<AppSpec> = {},
  ): AppSpec {
    const declaration = { command: ['bin/sh', '-c', script], ...stated }
    return this.spec(app, declaration, more)
  }

  spec(app: string, declaration: App, more: Partial<AppSpec> = {}): AppSpec {
    const name = more.package ?? parsePackageName('acme/bench')
    return {
      package: name,
      app,
      revision: 1,
      tree: this.tree,
      data: join(this.stateDir, 'data', name.replace('/', '.')),
      settings: join(this.stateDir, 'settings.json'),
      values: {},
      declaration,
      opened: [],
      limits: {},
      ...more,
    }
  }

  /** Runs a line of shell in the sandbox and gives what it said. */
  async say(script: string, more: Partial<AppSpec> = {}): Promise<string> {
    const spec = this.shell('say', script, {}, more)
    const { output } = await this.apps.hook(spec, ['bin/sh', '-c', script], 20)
    return output.join('\n')
  }

  /** Puts a program of this machine into the tree, with its loader and libraries. */
  addProgram(name: string): void {
    const program = name.startsWith('/') ? name : findProgram(name)
    if (program === undefined) return
    this.#put(program, join('bin', name.slice(name.lastIndexOf('/') + 1)))
    const loader = interpreterOf(readFileSync(program))
    if (loader === undefined) return
    this.#put(loader, loader)
    const listed = execFileSync(loader, ['--list', program], { encoding: 'utf8' })
    for (const [, library = ''] of listed.matchAll(/=> (\/\S+)/g)) this.#put(library, library)
  }

  #put(from: string, to: string): void {
    const target = join(this.tree, to)
    if (existsSync(target)) return
    mkdirSync(dirname(target), { recursive: true })
    try {
      linkSync(realpathSync(from), target)
    } catch {
      copyFileSync(realpathSync(from), target)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const names = new Set(this.apps.status().map(status => status.package))
    await Promise.all([...names].map(name => this.apps.stop(name)))
    await this.apps.close()
    const left = leftBehind(this.stateDir)
    rmSync(this.stateDir, { recursive: true })
    assert.deepEqual(left, [])
  }
}

/** What still tells of a state directory on this machine: processes, mounts, cgroups, a lease. */
function leftBehind(stateDir: string): string[] {
  const processes = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter(pid => commandOf(pid).includes(stateDir))
    .map(pid => `process ${pid}: ${commandOf(pid)}`)
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  const leases = leaseHolders().filter(holder => holder === stateDir)
  return [
    ...processes,
    ...mounts.filter(line => line.includes(stateDir)),
    ...leases.map(holder => `a lease of ${holder}`),
  ]
}

function leaseHolders(): string[] {
  if (!isRoot || !existsSync(leaseTable)) return []
  using table = new DatabaseSync(leaseTable, { readOnly: true, timeout: 10_000 })
  return table
    .prepare('select holder from lease')
    .all()
    .map(row => String(row.holder))
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

/** Waits for what a real process is about to bring about; gives up loudly. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (let turn = 0; turn < 1500; turn += 1) {
    const seen = await look()
    if (seen !== undefined && seen !== false) return seen
    await pause(20)
  }
  throw new Error(`not seen in time: ${look}`)
}
