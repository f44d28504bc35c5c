import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync, lstatSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Paths } from '../../packages/agent/src/disk/paths.ts'
import { agentThatFirst } from '../../packages/agent/src/testing/launched-agent.test.ts'
import { askApp } from './ask-app.ts'
import { liveResident } from './resident.ts'

/** The file that is shipped; a mutant of it has another name. */
export const shippedFile = resolve('build/steadfleet-agent.mjs')

/** One life of the agent over a state directory, and of the apps that it started. */
export interface Life {
  /** The words that the running app of a package has in its data. */
  ask(name: string, port: number): Promise<string[]>
  /** What it said so far, for who looks into a cut that came out wrong. */
  said(): string
  /** As a cut of power ends it: the agent at once and its apps with it. */
  end(): Promise<void>
}

export const manifestations = ['shipped', 'inside', 'pretend'] as const
export type Manifestation = (typeof manifestations)[number]

/**
 * The ways to live: the shipped file as a process; the same sources in one that stays for all lives;
 * and these with apps that are pretended and time that hurries, in which a life takes a moment.
 */
export const lives: Readonly<
  Record<Manifestation, (paths: Paths, options?: Launching) => Promise<Life>>
> = {
  shipped: liveShipped,
  inside: paths => liveResident('inside', paths),
  pretend: paths => liveResident('pretend', paths),
}

interface Launching {
  /** The rescuer starts it, and starts it again, instead of this program. */
  readonly isLaunched?: boolean
  /** What the agent that the device was given does before anything else, where it is not the shipped one. */
  readonly first?: string
}

interface ShippedOptions extends Launching {
  readonly file?: string
  /** A command that the machine's own comes behind. */
  readonly tracer?: readonly string[]
}

export async function liveShipped(
  paths: Paths,
  { file = shippedFile, tracer = [], isLaunched = false, first }: ShippedOptions = {},
): Promise<Life> {
  const boot = join(dirname(homeOf(paths)), 'boot')
  writeFileSync(boot, `${randomUUID()}\n`)
  if (isLaunched) furnish(paths, first)
  const agent = [process.execPath, file, 'run', '--state', paths.root, '--json']
  const launched = [...launcher, rescuer, '--home', homeOf(paths), '--json']
  const command = isLaunched ? launched : agent
  const [program = '', ...args] = [...tracer, ...machine, boot, ...command]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      said = (said + text).slice(-8000)
    })
  }
  const ended = new Promise(done => child.once('close', done))
  return {
    ask: askApp,
    said: () => said,
    async end() {
      cutPower(child, tracer.length > 0 ? 2 : 1)
      await ended
    },
  }
}

const rescuer = resolve('packages/rescuer/rescuer.sh')
/** As `Restart=always` of a unit does. */
const launcher = ['sh', '-c', 'while :; do sh "$0" "$@"; done']

/** Where the rescuer finds what the device was given at first. */
function homeOf({ root }: Paths): string {
  return dirname(root)
}

/** Gives a device its first agent, the shipped one or another, and its runtime, where it has none. */
export function furnish(paths: Paths, first?: string): void {
  const [agent = '', node = ''] = ['agent.mjs', 'node'].map(name => join(homeOf(paths), name))
  const given = lstatSync(agent, { throwIfNoEntry: false })
  // Where files are laid out on no disk of their own, the journey before has left its own.
  if (given?.isSymbolicLink() !== (first === undefined)) {
    rmSync(agent, { force: true })
    if (first === undefined) symlinkSync(shippedFile, agent)
    else writeFileSync(agent, agentThatFirst(first))
  }
  if (!existsSync(node)) symlinkSync(process.execPath, node)
}

function cutPower(child: ChildProcess, generations: number): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const first = firstProcess(child.pid, generations)
  if (first === undefined) child.kill('SIGKILL')
  else process.kill(first, 'SIGKILL')
}

/**
 * A machine of its own, as far as this takes one: a start with a number of its own, an empty /run,
 * where agents of one machine agree on uids, and processes
 * that all end, at one instant, with the first of them.
 */
const machine = [
  ...['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--mount-proc'],
  ...[
    'sh',
    '-c',
    'mount --bind "$0" /proc/sys/kernel/random/boot_id && mount -t tmpfs run /run && "$@"; exit',
  ],
]

/** The first process of the machine: a child of `unshare`, which a tracer may have begun. */
function firstProcess(pid: number, generations: number): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')
  const child = Number(children.at(-1))
  if (!child) return undefined
  return generations === 1 ? child : firstProcess(child, generations - 1)
}
