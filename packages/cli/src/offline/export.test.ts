import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { openServedFleet, type ServedFleet } from '../fleet/testing.ts'

const agentFile = join(import.meta.dirname, '../../../../build/steadfleet-agent.mjs')
const missing = [agentFile, '/usr/bin/bwrap', '/bin/busybox'].find(file => !existsSync(file))
const run = promisify(execFile)
const cli = [process.execPath, join(import.meta.dirname, '../main.ts')]
/** Of the 1 MB that the bundle has. */
const partOfBundle = 400_000

describe('a file for a stick', { skip: missing !== undefined && `${missing} is not there` }, () => {
  test('brings a device that sees no server its release, and no other device', async () => {
    const fleet = await openServedFleet()
    const at = (name: string) => join(fleet.directory, name)
    const agents: ChildProcess[] = []
    try {
      await publishHub(fleet)
      for (const name of ['one', 'two', 'three']) await joinAs(fleet, at(name), name)
      const devices = '--device one --device three'
      const early = await fleet.run(`bundle export ${devices} --out ${at('x.sfo')}`)
      assert.match(early.err, /no order was made for it yet/)
      await fleet.done(`bundle export acme/hub@1 --order ${devices} --out ${at('w.sfo')}`)
      // Cut off while it fetches the bundle, by a file that may not grow; then run again.
      const words = `bundle export ${devices} --out ${at('x.sfo')} --dir ${fleet.fleet.home.directory}`
      const limited = [`--fsize=${partOfBundle}`, ...cli, ...words.split(' ')]
      const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' }
      const cut = await run('prlimit', limited, { env }).catch(error => error)
      assert.match(cut.stderr, /EFBIG/)
      const [part = ''] = readdirSync(at('x.sfo.parts'))
      assert.equal(statSync(join(at('x.sfo.parts'), part)).size, partOfBundle)
      assert.equal(existsSync(at('x.sfo')), false)
      const told = JSON.parse(
        await fleet.done(`bundle export ${devices} --out ${at('x.sfo')} --json`),
      )
      assert.deepEqual(told.devices[0].releases, ['acme/hub@1'])
      assert.equal(told.bytes, statSync(at('x.sfo')).size)
      assert.equal(existsSync(at('x.sfo.parts')), false)
      const wrong = await fleet.run(`bundle export acme/hub@2 --device one --out ${at('y.sfo')}`)
      assert.match(wrong.err, /cannot export acme\/hub@2 for one: its order is for acme\/hub@1/)
      assert.match((await fleet.run('bundle export --device one')).err, /--out is missing/)
      await fleet.stop()
      for (const name of ['one', 'two']) agents.push(start(at(name)))
      const other = await importInto(at('two'), at('x.sfo'))
      assert.deepEqual([other.state, other.code], ['refused', 'agent/other-device'])
      const own = await importInto(at('one'), at('x.sfo'))
      assert.deepEqual([own.state, own.packages], ['imported', ['acme/hub 1']])
      await until(async () => existsSync(join(at('one'), 'current')))
      assert.equal(readlinkSync(join(at('one'), 'current')), 'generations/1')
      await until(async () => existsSync(join(at('one'), 'apps/acme.hub/main/state/keeper')))
    } finally {
      for (const agent of agents) agent.kill('SIGKILL')
      for (const name of ['one', 'two']) await endApps(at(name))
      await fleet[Symbol.asyncDispose]()
    }
  })
})

async function publishHub(fleet: ServedFleet): Promise<void> {
  const folder = join(fleet.directory, 'hub')
  mkdirSync(join(folder, 'files/bin'), { recursive: true })
  copyFileSync('/bin/busybox', join(folder, 'files/bin/busybox'))
  writeFileSync(
    join(folder, 'steadfleet.yaml'),
    JSON.stringify({
      name: 'hub',
      publisher: 'acme',
      version: '1',
      architectures: ['amd64', 'arm64'],
      sources: [{ directory: 'files' }],
      apps: { main: { command: ['bin/busybox', 'sleep', '1000'] } },
      'support-end': '2036-01-01',
      'security-contact': 'mailto:security@acme.example',
    }),
  )
  await fleet.done('publish hub')
}

async function joinAs(fleet: ServedFleet, state: string, name: string): Promise<void> {
  const { command } = JSON.parse(await fleet.done('device enrol --json'))
  const token = / join (sf1\.\S+) /.exec(command)?.[1] ?? ''
  await run(process.execPath, [agentFile, 'join', token, '--state', state, '--name', name])
}

function start(state: string): ChildProcess {
  return spawn(process.execPath, [agentFile, 'run', '--state', state], { stdio: 'ignore' })
}

interface Result {
  readonly state: string
  readonly code?: string
  readonly packages?: readonly string[]
}

async function importInto(state: string, file: string): Promise<Result> {
  const words = [agentFile, 'import', file, '--state', state, '--json']
  for (let i = 0; i < 100; i++) {
    const { stdout } = await run(process.execPath, words).catch(error => error)
    const result = JSON.parse(stdout.trim().split('\n').at(-1))
    if (result.code !== 'agent/not-running') return result
    await wait(100)
  }
  throw new Error('no agent began to run')
}

async function endApps(state: string): Promise<void> {
  if (existsSync(join(state, 'apps')))
    await until(() => run(process.execPath, [agentFile, 'down', '--state', state]).then(...ends))
}
const ends = [() => true, () => false] as const

async function until(is: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await is()) return
    await wait(100)
  }
  assert.fail(`not so after 30 s: ${is}`)
}
