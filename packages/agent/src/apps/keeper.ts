import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readIfThere } from './files.ts'
import { nothingInherited } from './inherited.ts'
import { type Process, parseStat } from './processes.ts'

/** Bytes one log file may hold, as reads of a pipe: few short lines do not push out many. */
const readBytes = 4096
const reads = 256

/** Joins the cgroups whose files come first, each by writing 0, and becomes the command. */
const enter = `
  while [ "$n" -gt 0 ]; do
    echo 0 >"$1" || { echo "cannot join cgroup $1" >&2; exit 125; }
    shift; n=$((n - 1))
  done
  exec "$@" 3<filter`

/**
 * Keeps one run of an app when no agent is there: starts it, writes down what it says in two files
 * by turns, waits for it, and leaves its status. It is no part of the app's cgroup, so that ending
 * all of the app leaves the keeper to say so; when it dies, bwrap's --die-with-parent ends the app.
 */
const keeper = `
umask 022
read -r stat </proc/$$/stat; echo "$stat" >state/keeper
a=$1 b=$2 n=$3 turns=0; shift 3
# Others may write, so that an app under its own uid can open /dev/stdout; the folder is closed.
[ -p pipe ] || mkfifo -m 622 pipe
log() {
  while :; do
    # A full disk must not stop the app: what can't be kept is passed over.
    said=$(dd bs=${readBytes} count=${reads} of="$a" 2>&1) ||
      said=$(dd bs=${readBytes} count=${reads} of=/dev/null 2>&1)
    # "4+252 records in", which some versions of dd begin with a warning of reads that were short.
    said=\${said%% records in*}
    [ $((\${said##*[!0-9+]})) -lt ${reads} ] && return
    c=$a a=$b b=$c turns=$((turns + 1))
    echo $turns >state/turns
  done
}
log <pipe &
(${enter}) </dev/null >pipe 2>&1
code=$?
wait
echo $code >state/exit.new && mv state/exit.new state/exit`

/** What the device's own programs are run with; nothing of the agent's environment. */
const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

/** A command and the cgroups it joins before it begins. */
export interface Entry {
  /** The folder of the run, in which `filter` lies. */
  readonly folder: string
  readonly joins: readonly string[]
  readonly command: readonly string[]
}

export const logNames = ['log.a', 'log.b'] as const

/** Starts a keeper in a session of its own; it outlives this process. `first` is the log to begin. */
export async function startKeeper(entry: Entry, first: string): Promise<ChildProcess> {
  const second = logNames.find(name => name !== first) ?? ''
  const { folder, joins, command } = entry
  await rm(join(folder, 'state'), { recursive: true, force: true })
  await mkdir(join(folder, 'state'), { recursive: true, mode: 0o700 })
  const words = ['-c', keeper, 'steadfleet-keeper', first, second, `${joins.length}`]
  const child = spawn('/bin/sh', [...words, ...joins, ...command], {
    cwd: folder,
    detached: true,
    env: environment,
    stdio: ['ignore', 'ignore', 'ignore', ...nothingInherited()],
  })
  await once(child, 'spawn')
  child.unref()
  return child
}

/** Starts the command as a child that ends with this process; its output comes by pipes. */
export function startBound({ folder, joins, command }: Entry): ChildProcess {
  const script = `umask 022; n=$1; shift; ${enter}`
  return spawn('/bin/sh', ['-c', script, 'steadfleet', `${joins.length}`, ...joins, ...command], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe', ...nothingInherited()],
  })
}

/** The keeper of the run in this folder, as it wrote itself down; it may have ended. */
export function keeperIn(folder: string): Process | undefined {
  return parseStat(readIfThere(join(folder, 'state', 'keeper')) ?? '')
}

/** How often the run has filled a log file and gone on in the other. */
export function turnsIn(folder: string): number {
  const path = join(folder, 'state', 'turns')
  return existsSync(path) ? Number(readIfThere(path) ?? 0) : 0
}

/** The status that the keeper left when the run ended: 0 to 255, signals as 128 and their number. */
export function statusIn(folder: string): number | undefined {
  const text = readIfThere(join(folder, 'state', 'exit'))
  return text === undefined ? undefined : Number(text)
}
