import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { toHexDigest } from '@steadfleet/base'
import { publishAgent } from '../packages/agent/src/testing/launched-agent.test.ts'
import { PretendFleet, type Release } from '../packages/agent/src/testing/pretend-fleet.test.ts'
import { run } from '../packages/agent/src/testing/shipped-agent.test.ts'

/**
 * The agent under a real systemd, in a machine of its own that boots and is cut off. Needs root,
 * systemd-container and mmdebstrap; STEADFLEET_ROOT names a root that was made before, as a tar.
 */
const packages = 'systemd,systemd-sysv,bubblewrap,libatomic1,busybox-static'
const home = '/var/lib/steadfleet'
const dies = `if (process.argv[2] === 'run') process.exit(3)`
const hangs = `if (process.argv[2] === 'run') for (;;) {}`
const bootMs = 240_000

const skip = whyNot()
let machine: Machine
let fleet: PretendFleet
let good: Release

before(async () => {
  if (skip) return
  execFileSync(process.execPath, ['packages/agent/build.mjs'])
  fleet = await PretendFleet.start({ agent: 'acme/agent' })
  machine = await Machine.make(fleet)
  await machine.boot()
})
after(async () => {
  await machine?.remove()
  await fleet?.close()
})

test('the unit of the rescuer starts the agent, which says that it is ready', {
  skip,
}, async () => {
  await fleet.until('its first report', () => fleet.reports[0], bootMs)
  await until(
    () => machine.inside('systemctl', 'is-active', 'steadfleet') === 'active',
    'systemd heard it',
  )
  tell('booted, and reported')
})

test('a good agent takes the place of the one it was given, and is kept', { skip }, async () => {
  good = await order(1)
  await committed(1)
  await until(() => machine.line('proven').startsWith(treeOf(good)), 'the new one is proven')
  tell(`acme/agent 1 runs: ${machine.line('current').slice(0, 12)}`)
})

test('an agent that dies at its start is gone back from', { skip }, async () => {
  await order(2, dies)
  await restored(2)
  tell('acme/agent 2 died three times: back to 1')
})

test('an agent that hangs before it is healthy is ended, and gone back from', {
  skip,
}, async () => {
  await order(3, hangs)
  await restored(3)
  tell('acme/agent 3 hung three times: back to 1')
})

test('the machine is cut off while the good one is put aside, and has the next one after it', {
  skip,
}, async () => {
  const before = machine.line('current')
  good = await order(4)
  await until(() => machine.line('current') !== before, 'the pointer moved')
  await machine.cut()
  await machine.boot()
  await committed(4)
  await until(() => machine.line('proven').startsWith(treeOf(good)), 'the new one is proven')
  tell('cut off at the pointer: acme/agent 4 runs after the next boot')
})

test('the machine is cut off while the rescuer counts, and goes back after it', {
  skip,
}, async () => {
  await order(5, dies)
  await until(() => Number(machine.line('starts').split(' ')[0]) >= 2, 'two starts were counted')
  await machine.cut()
  await machine.boot()
  await restored(5)
  tell('cut off at the second start: back to acme/agent 4 after the next boot')
})

async function order(revision: number, first = ''): Promise<Release> {
  const release = await publishAgent(fleet, revision, first)
  await fleet.give([release])
  return release
}

function committed(revision: number): Promise<unknown> {
  const is = () => {
    const report = fleet.reports.at(-1)
    const runs = report?.releases.find(one => one.package === 'acme/agent')?.revision
    return (report?.state === 'committed' && runs === revision) || undefined
  }
  return fleet.until(`acme/agent ${revision} committed`, is, bootMs)
}

async function restored(revision: number): Promise<void> {
  const is = () =>
    fleet.events.find(
      ({ failure }) => failure?.package === 'acme/agent' && failure.revision === revision,
    )
  await fleet.until(`the failure of acme/agent ${revision}`, is, bootMs)
  const isBack = () => fleet.reports.at(-1)?.state === 'restored' || undefined
  await fleet.until('its end', isBack, bootMs)
  assert.equal(machine.line('current'), treeOf(good))
}

function treeOf({ record }: Release): string {
  return toHexDigest(record.tree.digest)
}

/** A root of Debian that boots, with the device installed in it as the enrolment line does. */
class Machine {
  readonly #root: string
  #booted: ChildProcess | undefined

  private constructor(root: string) {
    this.#root = root
  }

  static async make(joined: PretendFleet): Promise<Machine> {
    const root = mkdtempSync('/var/tmp/steadfleet-machine-')
    const made = process.env.STEADFLEET_ROOT
    if (made) execFileSync('tar', ['-C', root, '-xf', made])
    else
      execFileSync('mmdebstrap', ['--variant=minbase', `--include=${packages}`, 'bookworm', root])
    const machine = new Machine(root)
    mkdirSync(machine.at(home), { recursive: true })
    copyFileSync('build/steadfleet-agent.mjs', machine.at(`${home}/agent.mjs`))
    copyFileSync(realpathSync(process.execPath), machine.at(`${home}/node`))
    copyFileSync('packages/rescuer/rescuer.sh', machine.at(`${home}/rescuer`))
    await run(['join', joined.token, '--state', machine.at(`${home}/state`)])
    const unit = execFileSync('chroot', [root, `${home}/rescuer`, '--unit'], { encoding: 'utf8' })
    const limited = unit.replace(
      '[Service]\n',
      '[Service]\nEnvironment=STEADFLEET_START_SECONDS=20\n',
    )
    writeFileSync(machine.at('/etc/systemd/system/steadfleet.service'), limited)
    const wants = machine.at('/etc/systemd/system/multi-user.target.wants')
    mkdirSync(wants, { recursive: true })
    symlinkSync('/etc/systemd/system/steadfleet.service', join(wants, 'steadfleet.service'))
    return machine
  }

  at(path: string): string {
    return join(this.#root, path)
  }

  line(name: string): string {
    const path = this.at(`${home}/state/agent/${name}`)
    return existsSync(path) ? (readFileSync(path, 'utf8').split('\n')[0] ?? '') : ''
  }

  async boot(): Promise<void> {
    const options = ['--quiet', '--boot', '--register=no', '--keep-unit', '--console=pipe']
    const words = [...options, '--directory', this.#root]
    this.#booted = spawn('systemd-nspawn', words, { stdio: 'ignore' })
    await once(this.#booted, 'spawn')
  }

  /** What a command says that is run in the machine; nothing where it fails. */
  inside(...words: readonly string[]): string {
    const { stdout } = spawnSync('nsenter', ['-t', `${this.#first}`, '-a', ...words], {
      encoding: 'utf8',
    })
    return stdout.trim()
  }

  /** The machine's process 1. */
  get #first(): number {
    const pid = this.#booted?.pid
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim())
  }

  /** All of it at once, as when the power goes: its first process takes every other with it. */
  async cut(): Promise<void> {
    const booted = this.#booted
    if (booted === undefined || booted.exitCode !== null) return
    const ended = once(booted, 'exit')
    process.kill(this.#first, 'SIGKILL')
    await ended
  }

  async remove(): Promise<void> {
    await this.cut()
    rmSync(this.#root, { recursive: true, force: true })
  }
}

async function until(is: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < bootMs / 100 && !is(); i++) await wait(100)
  assert.ok(is(), `not so in time: ${what}`)
}

const began = Date.now()
function tell(line: string): void {
  console.log(`${((Date.now() - began) / 1000).toFixed(0).padStart(5)} s  ${line}`)
}

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return 'needs root'
  const tools = ['systemd-nspawn', ...(process.env.STEADFLEET_ROOT ? [] : ['mmdebstrap'])]
  const lacking = tools.filter(tool => !existsSync(`/usr/bin/${tool}`))
  return lacking.length > 0 && `needs ${lacking.join(' and ')}`
}
