import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { whyNoPage } from '../page.ts'
import { broken, cutAfter, hanging, type Rule, send, stalledAfter } from '../proxy.ts'
import { type Besieged, type Environment, Siege } from '../siege.ts'

const all =
  (deed: NonNullable<ReturnType<Rule>>): Rule =>
  () =>
    deed
const bodies =
  (deed: NonNullable<ReturnType<Rule>>): Rule =>
  asked =>
    /objects|bundles/.test(asked) ? deed : undefined

/** A server that is not well: what is done to each request, and how to see that it was tried. */
const faults: readonly [name: string, what: string, rule: Rule][] = [
  ['broken', 'answers 500', all(broken)],
  ['hanging', 'never answers', all(hanging)],
  ['half-open', 'falls silent in the middle of a body', bodies(stalledAfter(1000))],
  ['cutting', 'cuts each body short', bodies(cutAfter(1000))],
]

const orders = ['replayed', 'misled', 'neighbour'] as const
const clocks = ['ahead', 'behind'] as const
const fakeTime = findFakeTime()

let siege: Siege

describe('between a device and its server', { concurrency: 20, skip: whyNoPage() }, () => {
  before(async () => {
    const names = [...faults.map(([name]) => name), 'unreachable', ...orders]
    const told = fakeTime ? clocks : []
    siege = await Siege.open([...names, ...told], {
      environmentOf: name => (clocks.some(one => one === name) ? clockOf(name) : undefined),
    })
    // Large enough for each fault to meet the middle of something.
    await siege.publishPage(2, { files: { noise: Buffer.alloc(200_000, 'noise 2') } })
  })
  after(async () => {
    await siege?.close()
    for (const name of clocks) rmSync(clockFile(name), { force: true })
  })

  for (const [name, what, rule] of faults) {
    test(`a server that ${what} changes nothing, and is followed again once it is well`, async () => {
      const device = siege.device(name)
      device.proxy.rule = rule
      const before = device.proxy.seen.length
      await device.order(2)
      await siege.until('a try', () => device.proxy.seen.length > before || undefined)
      await siege.until(
        'a complaint',
        () => /"level":"(warn|info)".*"cannot/.test(device.log()) || undefined,
      )
      await refuseChange(device)
      device.proxy.rule = undefined
      await device.runs(2)
    })
  }

  test('a server that can’t be reached changes nothing, not over a restart either', async () => {
    const device = siege.device('unreachable')
    device.proxy.shut()
    await device.order(2)
    await siege.until('its absence', () => device.log().includes('agent/unreachable') || undefined)
    await device.agent().stop(10_000)
    await device.start()
    assert.equal(await device.page(), 'revision 1\n')
    await device.proxy.open()
    await device.runs(2)
  })

  test('an older order that is replayed is refused and told; the true one counts afterwards', async () => {
    const device = siege.device('replayed')
    const older = await orderOf(device, 2)
    await device.runs(2)
    device.proxy.rule = replaceOrder(older)
    await device.order(1)
    const { event } = await device.refusal(/^trust\/replayed-order$/)
    assert.match(event.message, /^cannot /)
    assert.equal(await device.page(), 'revision 2\n')
    device.proxy.rule = undefined
    await device.runs(1)
  })

  test('an order for another device is refused and told; its own counts afterwards', async () => {
    const device = siege.device('misled')
    device.proxy.rule = replaceOrder(await orderOf(siege.device('neighbour'), 2))
    await device.order(2)
    const { event } = await device.refusal(/^trust\/wrong-device$/)
    assert.match(event.message, /^cannot /)
    await refuseChange(device)
    device.proxy.rule = undefined
    await device.runs(2)
  })

  describe('a clock', {
    skip: fakeTime ? false : 'libfaketime can’t be had',
    concurrency: 2,
  }, () => {
    test('that is ten years ahead lets nothing new in, and everything once it is right', async () => {
      const device = siege.device('ahead')
      setClock('ahead', '+3650d')
      await device.order(2)
      await device.refusal(/^trust\/expired$/)
      await refuseChange(device)
      setClock('ahead', '+0d')
      await device.runs(2)
    })

    test('that is ten years behind holds nothing up: signed times count', async () => {
      const device = siege.device('behind')
      setClock('behind', '-3650d')
      await device.order(2)
      await device.runs(2)
    })
  })
})

async function refuseChange(device: Besieged): Promise<void> {
  assert.equal(await device.page(), 'revision 1\n')
  assert.equal((await device.view()).releases[0]?.revision, 1)
}

/** Orders a revision, and keeps the order as it passes by. */
async function orderOf(device: Besieged, revision: number): Promise<unknown> {
  let kept: unknown
  device.proxy.rule = asked =>
    asked.endsWith('/check-in')
      ? async ({ reply, fetch }) => {
          const whole = await fetch()
          kept = JSON.parse(whole.body.toString()).order ?? kept
          send(reply, whole)
        }
      : undefined
  await device.order(revision)
  await siege.until('the order', () => kept)
  device.proxy.rule = undefined
  return kept
}

/** Each reply to a check-in carries this order in place of the one it had. */
function replaceOrder(order: unknown): Rule {
  return asked =>
    asked.endsWith('/check-in')
      ? async ({ reply, fetch }) => {
          const whole = await fetch()
          const said =
            whole.status < 300 ? { ...JSON.parse(whole.body.toString()), order } : undefined
          send(reply, said ? { ...whole, body: Buffer.from(JSON.stringify(said)) } : whole)
        }
      : undefined
}

function clockFile(name: string): string {
  return join(tmpdir(), `steadfleet-clock-${process.pid}-${name}`)
}

function setClock(name: string, offset: string): void {
  writeFileSync(clockFile(name), `${offset}\n`)
}

/** The wall clock alone is false: what measures time goes on as it does when a clock is set. */
function clockOf(name: string): Environment {
  setClock(name, '+0d')
  return {
    LD_PRELOAD: fakeTime ?? '',
    FAKETIME_TIMESTAMP_FILE: clockFile(name),
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  }
}

/** Debian's libfaketime, unpacked aside where it is not installed. */
function findFakeTime(): string | undefined {
  const cache = join(process.env.XDG_CACHE_HOME ?? tmpdir(), 'steadfleet-deb-cache', 'faketime')
  const found = (): string | undefined =>
    globSync([
      '/usr/lib/*/faketime/libfaketime.so.1',
      `${cache}/usr/lib/*/faketime/libfaketime.so.1`,
    ])[0]
  if (found() || !existsSync('/usr/bin/apt-get')) return found()
  try {
    mkdirSync(cache, { recursive: true })
    execFileSync('apt-get', ['download', '-q', 'libfaketime'], { cwd: cache, stdio: 'ignore' })
    const [deb = ''] = globSync('libfaketime_*.deb', { cwd: cache })
    execFileSync('dpkg', ['-x', deb, '.'], { cwd: cache, stdio: 'ignore' })
  } catch {
    return undefined // no network, no package lists: the clock tests say so
  }
  return found()
}
