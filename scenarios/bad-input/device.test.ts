import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { whyNoPage } from '../page.ts'
import { heldBack, type Rule } from '../proxy.ts'
import { runAgent } from '../shipped-agent.ts'
import { type Besieged, Siege } from '../siege.ts'
import { surviveKills } from './kill.ts'

const isRoot = process.geteuid?.() === 0
const needsRoot = !isRoot && 'mounting a small file system needs root'
const needsCgroups = !isRoot && 'limits of memory need root'
const megabyte = 1024 * 1024
const small = isRoot ? ['small-fetch', 'small-stage', 'small-journal'] : []
const wild = ['flooding', 'forking', 'deaf', 'greedy']
const killed = ['killed', 'restarted']
const killsEach = 5

/** Bytes that no compression makes fewer. */
function noise(seed: string, length: number): Buffer {
  const blocks: Buffer[] = []
  for (let i = 0; i * 32 < length; i++) {
    blocks.push(createHash('sha256').update(`${seed} ${i}`).digest())
  }
  return Buffer.concat(blocks).subarray(0, length)
}

const large = noise('program', 3 * megabyte)
const many = Object.fromEntries([...'abcdef'].map(name => [name, noise(name, 300_000)]))

/** The first revisions that are well; those from 10 on are not. */
const revisions = {
  files: 2,
  program: 3,
  slow: 4,
  flooding: 10,
  forking: 11,
  deaf: 12,
  greedy: 13,
} as const

let siege: Siege

describe('on the device', { concurrency: 20, skip: whyNoPage() }, () => {
  before(async () => {
    siege = await Siege.open([...small, ...killed, ...wild], { stateOf, unmount })
    await siege.publishPage(revisions.files, { files: many })
    await siege.publishPage(revisions.program, { files: { 'program.x': large } })
    await siege.publishPage(revisions.slow, { probationSeconds: 12 })
    const wildly = (script: string) => ({ script, memoryMb: 48 })
    await siege.publishPage(revisions.flooding, wildly('yes "so much to say" &'))
    await siege.publishPage(revisions.forking, wildly('while :; do sleep 1000 & done'))
    await siege.publishPage(revisions.deaf, wildly("trap '' TERM"))
    const greedy = `greed() { sleep 5; exec awk 'BEGIN { s = "greed "; while (1) s = s s }'; }
httpd -p 127.0.0.1:$(sed -n 's/.*"port":\\([0-9]*\\).*/\\1/p' /settings.json) -h /srv
greed`
    await siege.publishPage(revisions.greedy, wildly(greedy))
  })
  after(() => siege?.close())

  test('a disk that fills up in a fetch ends the change and gives the space back', {
    skip: needsRoot,
  }, async () => {
    const device = siege.device('small-fetch')
    const free = freeBytes(device)
    device.proxy.rule = once(device, /\/(deltas|bundles)\//, () => fill(device, 0))
    await device.order(revisions.files)
    await device.failure(({ failure }) => /disk is full/.test(failure.reason))
    assert.equal(await device.page(), 'revision 1\n')
    empty(device)
    assert.ok(free - freeBytes(device) < 300_000, `${free - freeBytes(device)} bytes are gone`)
    await device.runs(revisions.files)
  })

  test('a disk that fills up while a tree is laid out leaves nothing of it', {
    skip: needsRoot,
  }, async () => {
    const device = siege.device('small-stage')
    const digest = createHash('sha256').update(large).digest('hex')
    device.proxy.rule = once(device, new RegExp(`sha256:${digest}$`), () => fill(device, 300_000))
    await device.order(revisions.program)
    await device.failure(({ failure }) => /disk is full/.test(failure.reason))
    assert.equal(await device.page(), 'revision 1\n')
    assert.equal(readdirSync(join(device.state, 'trees')).length, 1)
    empty(device)
    await device.runs(revisions.program)
  })

  test('a disk that fills up while a change is on probation sends it back, and it is tried again', {
    skip: needsRoot,
  }, async () => {
    const device = siege.device('small-journal')
    await device.order(revisions.slow)
    await siege.until(
      'its probation',
      async () => /"?probation/.test((await device.view()).state) || undefined,
    )
    fill(device, 0)
    const { failure } = await device.failure(one => /disk is full/.test(one.failure.reason))
    assert.equal(failure.revision, revisions.slow)
    await siege.until(
      'the old page',
      async () => (await device.page()) === 'revision 1\n' || undefined,
    )
    empty(device)
    await device.runs(revisions.slow)
  })

  for (const name of killed) {
    const whom = name === 'killed' ? 'an agent that is' : 'an agent that is, with all it started,'
    test(`${whom} killed at ${killsEach} moments of updates is in the old or the new generation`, async () => {
      await surviveKills(siege, siege.device(name), {
        kills: killsEach,
        withApps: name === 'restarted',
        revisions: [revisions.files, 1],
      })
    })
  }

  test('a second agent on one state directory refuses to start and names the first', async () => {
    const device = siege.device('flooding')
    await assert.rejects(runAgent(['run', '--state', device.state]), {
      exit: 1,
      message: `agent/held: cannot use ${device.state}: process ${device.agent().pid} holds it`,
    })
  })

  test('an app that floods its output is held to two files of a megabyte, and serves on', async () => {
    const device = siege.device('flooding')
    await device.order(revisions.flooding)
    await device.runs(revisions.flooding)
    // What it says fills the two files many times over before they are looked at.
    await siege.until('a megabyte of it', () => logBytes(device) > megabyte || undefined)
    await device.trouble('floods')
    await device.order(1)
    await device.runs(1)
    assert.ok(logBytes(device) <= 2.2 * megabyte, `${logBytes(device)} bytes`)
  })

  test('an app that forks without end is held to its number, and its revision goes back', async () => {
    const device = siege.device('forking')
    await device.order(revisions.forking)
    const { failure } = await device.failure(one => one.failure.revision === revisions.forking)
    assert.equal(failure.kind, 'probation')
    assert.match(failure.log.join('\n'), /fork/)
    await siege.until(
      'the old page',
      async () => (await device.page()) === 'revision 1\n' || undefined,
    )
  })

  test('an app that is deaf to SIGTERM is ended when its time is up', async () => {
    const device = siege.device('deaf')
    await device.order(revisions.deaf)
    await device.runs(revisions.deaf)
    await device.order(1)
    await device.runs(1)
    await device.trouble('is deaf')
  })

  test('an app that eats memory is ended, reported as such, and started again', {
    skip: needsCgroups,
  }, async () => {
    const device = siege.device('greedy')
    await device.order(revisions.greedy)
    await device.runs(revisions.greedy)
    const { failure } = await device.failure(one => one.failure.kind === 'out of memory')
    assert.equal(failure.revision, revisions.greedy)
    await device.runs(revisions.greedy)
  })
})

function stateOf(name: string, folder: string): string {
  const state = join(folder, name)
  if (!small.includes(name)) return state
  mkdirSync(state)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=755', 'tmpfs', state])
  return state
}

function unmount(folder: string): void {
  for (const name of small) {
    const state = join(folder, name)
    if (existsSync(join(state, 'lock.db'))) execFileSync('umount', ['-l', state])
  }
}

/** Holds back the end of the first reply of a path until `meanwhile` is done. */
function once(device: Besieged, path: RegExp, meanwhile: () => void): Rule {
  return asked => {
    if (!path.test(asked)) return undefined
    device.proxy.rule = undefined
    return heldBack(meanwhile)
  }
}

/** Leaves no more than so many bytes free. */
function fill({ state }: Besieged, left: number): void {
  const file = join(state, 'filler')
  for (let size = 64 * 1024; size >= 1; size = Math.floor(size / 4)) {
    try {
      while (freeBytes({ state }) - size >= left)
        writeFileSync(file, Buffer.alloc(size), { flag: 'a' })
    } catch {
      // Too much at once; a smaller piece may still fit.
    }
  }
}

function empty({ state }: Besieged): void {
  rmSync(join(state, 'filler'))
}

function freeBytes({ state }: Pick<Besieged, 'state'>): number {
  const { bavail, bsize } = statfsSync(state)
  return bavail * bsize
}

function logBytes({ state }: Besieged): number {
  const said = execFileSync('du', ['-sb', '--exclude=*.json', join(state, 'apps')], {
    encoding: 'utf8',
  })
  return Number.parseInt(said, 10)
}
