import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Agent } from './agent.ts'
import { TestDevice } from './testing/device.test.ts'
import { type Faults, PretendFleet, type Release } from './testing/pretend-fleet.test.ts'
import { withFleet } from './testing/stage.test.ts'

const good = { 'bin/main': 'well\n' }
/** So many files that a bundle is worth it. */
const many = (n: number) =>
  Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`share/${i}`, `file ${i} of ${n}`]))

type Spoil = (body: Uint8Array) => Uint8Array
const changed: Spoil = body => {
  const copy = Uint8Array.from(body)
  const at = Math.floor(copy.length / 2)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}
const cut: Spoil = body => body.slice(0, -2)
const long: Spoil = body => Buffer.concat([body, Buffer.alloc(3_000_000, 'x')])

describe('content that is not what was signed', { concurrency: 4 }, () => {
  const rows: [what: string, path: RegExp, spoil: Spoil, code: RegExp][] = [
    ['an object with a byte changed', /objects|bundles/, changed, /^(agent\/digest|bundle\/.*)$/],
    ['an object cut short', /objects/, cut, /^agent\/too-short$/],
    ['an object that goes on', /objects/, long, /^agent\/too-long$/],
    ['metadata with a byte changed', /timestamp/, changed, /^trust\/(malformed|threshold)$/],
    ['metadata cut short', /snapshot/, cut, /^trust\//],
    ['metadata that goes on', /timestamp/, long, /^trust\/endless-data$/],
  ]
  for (const [what, path, spoil, code] of rows) {
    test(`${what} is refused and told, the old revision runs on, and honest content then works`, () =>
      withFleet(async ({ fleet, device }) => {
        await fleet.give([await fleet.publish('acme/hub', 1, good)])
        await fleet.untilState('committed', 1)
        fleet.faults.spoil = (asked, body) => (path.test(asked) ? spoil(body) : body)
        await fleet.give([await fleet.publish('acme/hub', 2, { ...good, ...many(2) })])
        await fleet.until('a security event', () =>
          fleet.events.find(one => one.kind === 'security' && code.test(one.code ?? '')),
        )
        assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
        delete fleet.faults.spoil
        await fleet.untilState('committed', 2)
      }))
  }

  const bundles: [what: string, spoil: Spoil][] = [
    ['with a byte changed', changed],
    ['cut short', cut],
    ['that goes on', body => Buffer.concat([body, Buffer.alloc(100, 'x')])],
  ]
  for (const [what, spoil] of bundles) {
    test(`a bundle ${what} is told and done without`, () =>
      withFleet(async ({ fleet }) => {
        fleet.faults.spoil = (asked, body) => (asked.includes('bundles') ? spoil(body) : body)
        await fleet.give([await fleet.publish('acme/hub', 1, { ...good, ...many(1) })])
        await fleet.untilState('committed', 1)
        const event = await fleet.untilEvent('security')
        assert.match(event.code ?? '', /^bundle\//)
      }))
  }

  test('the one object of a change with a byte changed is a security event too', () =>
    withFleet(async ({ fleet }) => {
      await fleet.give([await fleet.publish('acme/hub', 1, good)])
      await fleet.untilState('committed', 1)
      const next = Buffer.from('better\n')
      fleet.faults.spoil = (_, body) => (next.equals(body) ? changed(body) : body)
      await fleet.give([await fleet.publish('acme/hub', 2, { 'bin/main': next })])
      await fleet.untilEvent('security', 'agent/digest')
      const { failure } = await fleet.untilEvent('failure', 'agent/digest')
      assert.equal(failure?.kind, 'postponed')
      delete fleet.faults.spoil
      await fleet.untilState('committed', 2)
    }))

  test('a release record with a byte changed is refused and told', () =>
    withFleet(async ({ fleet }) => {
      const hub = await fleet.publish('acme/hub', 1, good)
      const record = hub.recordBytes
      fleet.faults.spoil = (_, body) => (Buffer.compare(body, record) === 0 ? changed(body) : body)
      await fleet.give([hub])
      await fleet.untilEvent('security', 'agent/digest')
      delete fleet.faults.spoil
      await fleet.untilState('committed', 1)
    }))
})

describe('an order', { concurrency: 4 }, () => {
  test('for another device is refused and told', () =>
    refuses('trust/wrong-device', { device: 'dev_00000000000000000001' }))
  test('of another owner is refused and told', () =>
    refuses('trust/wrong-owner', { owner: 'own_00000000000000000001' }))
  test('that has expired is refused and told', () =>
    refuses('trust/expired', { expires: new Date('2020-01-01T00:00:00Z') }))

  test('that is older than the last accepted is refused and told', () =>
    withFleet(async ({ fleet }) => {
      const [first, second] = [
        await fleet.publish('acme/hub', 1, good),
        await fleet.publish('acme/hub', 2, many(1)),
      ]
      const old = await fleet.give([first])
      await fleet.untilState('committed', 1)
      await fleet.give([{ ...second, ...first }])
      await fleet.until('order 2', () => fleet.reports.find(one => one.counter === 2))
      fleet.order = old
      fleet.isStubborn = true
      fleet.look()
      await fleet.untilEvent('security', 'trust/replayed-order')
      assert.equal(fleet.reports.at(-1)?.counter, 2)
      // Whoever holds the order back goes away: nobody has to say so for the device to ask again.
      fleet.isStubborn = false
      const asked = fleet.requests.length
      await fleet.until('another look', () => fleet.requests.length > asked || undefined)
    }))

  test('for a revision below the floor of its package is refused and told', () =>
    withFleet(async ({ fleet, device }) => {
      const first = await fleet.publish('acme/hub', 1, good)
      await fleet.give([first])
      await fleet.untilState('committed', 1)
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' }, { floor: 2 })])
      await fleet.untilState('committed', 2)
      await fleet.give([first])
      await fleet.untilEvent('security', 'trust/below-floor')
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 2)
    }))

  test('without a package that the model requires is refused and told', async () => {
    const fleet = await PretendFleet.start({ required: ['acme/hub'] })
    const device = await TestDevice.join(fleet)
    try {
      await fleet.give([await fleet.publish('acme/lamp', 1, good)])
      await fleet.untilEvent('security', 'trust/required-package')
    } finally {
      await device[Symbol.asyncDispose]()
      await fleet.close()
    }
  })
})

describe('a server that is not well', { concurrency: 4 }, () => {
  const rows: [what: string, faults: Faults][] = [
    ['answers 500', { status: 500 }],
    ['never answers', { hang: true }],
    ['falls silent in the middle', { stallAfter: 1000 }],
    ['cuts every reply', { cutAfter: 70_000 }],
  ]
  for (const [what, faults] of rows) {
    test(`that ${what} changes nothing, and is followed again once it is well`, () =>
      withFleet(async ({ fleet, device }) => {
        await fleet.give([await fleet.publish('acme/hub', 1, good)])
        await fleet.untilState('committed', 1)
        const big = Object.fromEntries(
          Array.from({ length: 8 }, (_, i) => [`share/${i}`, noise(i)]),
        )
        const next = await fleet.publish('acme/hub', 2, { ...good, ...big })
        Object.assign(fleet.faults, faults)
        const before = fleet.requests.length
        await fleet.give([next])
        await fleet.until(
          'three more requests',
          () => fleet.requests.length > before + 3 || undefined,
        )
        assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
        for (const name of Object.keys(fleet.faults)) delete fleet.faults[name as 'hang']
        await fleet.untilState('committed', 2)
      }))
  }

  test('that cuts every reply is fetched from all the same, each time from where it broke off', () =>
    withFleet(async ({ fleet }) => {
      const big = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`share/${i}`, noise(i)]))
      fleet.faults.cutAfter = 40_000
      await fleet.give([await fleet.publish('acme/hub', 1, { ...good, ...big })])
      await fleet.untilState('committed', 1)
      assert.ok(fleet.sent < 260_000, `${fleet.sent} bytes were sent for some 160,000`)
    }))

  test('that is gone for a while is found again', () =>
    withFleet(async ({ fleet, device }) => {
      await fleet.give([await fleet.publish('acme/hub', 1, good)])
      await fleet.untilState('committed', 1)
      await fleet.close()
      await device.stop()
      await device.start()
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
      await fleet.reopen()
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' })])
      await fleet.untilState('committed', 2)
    }))
})

describe('a clock that is wrong by ten years', { concurrency: 4 }, () => {
  const tenYears = 10 * 365 * 86_400_000
  test('ahead lets nothing new in, and everything once it is right', () =>
    withFleet(async ({ fleet, device }) => {
      await fleet.give([await fleet.publish('acme/hub', 1, good)])
      await fleet.untilState('committed', 1)
      device.clockOffsetMs = tenYears
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' })])
      await fleet.untilEvent('security', 'trust/expired')
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
      device.clockOffsetMs = 0
      fleet.look()
      await fleet.untilState('committed', 2)
    }))

  test('behind is not believed after a later signed time was seen', () =>
    withFleet(async ({ fleet, device }) => {
      await fleet.give([await fleet.publish('acme/hub', 1, good)])
      await fleet.untilState('committed', 1)
      device.clockOffsetMs = -tenYears
      const expired = { expires: new Date(Date.now() - 86_400_000) }
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' })], expired)
      await fleet.untilEvent('security', 'trust/expired')
    }))
})

test('a second agent on one directory refuses to start and says who holds it', () =>
  withFleet(async ({ device }) => {
    const options = { paths: device.paths, world: device.world, pid: 1, boot: '', attributes: {} }
    const second = Agent.start({
      ...options,
      transport: () => Promise.reject(new Error('never called')),
      openApps: async () => device.apps,
    })
    await assert.rejects(second, {
      code: 'agent/held',
      details: { holder: String(process.pid), directory: device.paths.root },
    })
  }))

function refuses(code: string, stated: Parameters<PretendFleet['give']>[1]): Promise<void> {
  return withFleet(async ({ fleet, device }) => {
    const hub: Release = await fleet.publish('acme/hub', 1, good)
    await fleet.give([hub], stated)
    await fleet.untilEvent('security', code)
    assert.equal(fleet.reports.at(-1)?.counter, 0)
    assert.equal(device.apps.running.size, 0)
  })
}

function noise(n: number): Uint8Array {
  let state = n + 1
  return Uint8Array.from({ length: 20_000 }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state >> 16
  })
}
