import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type Digest, digestOf, fromHex } from '@steadfleet/base'
import { digestOfSettings, type PackageName } from '@steadfleet/domain'
import { sealSecret } from '@steadfleet/protocol'
import { dataPath, settingsPath, treePath } from './disk/paths.ts'
import { holdUpdates, resumeUpdates } from './say/acts.ts'
import { ObjectStore } from './store/objects.ts'
import type { TestDevice } from './testing/device.test.ts'
import type { PretendFleet, Release } from './testing/pretend-fleet.test.ts'
import { withFleet } from './testing/stage.test.ts'

const good = { 'bin/main': 'well\n', 'share/text': 'hello' }
const migrating = { behaviour: { hooks: { migrate: ['bin/migrate'] } } }

describe('a device that does what it is ordered', { concurrency: 4 }, () => {
  test('joins, installs, proves and commits', () =>
    withFleet(async ({ fleet, device }) => {
      await fleet.give([await fleet.publish('acme/hub', 1, good)])
      const report = await fleet.untilState('committed', 1)
      assert.equal(report.generation, 1)
      assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
      assert.equal(await historyOf(device, 1), '1 ')
      assert.deepEqual(await statesOf(fleet), [
        'planned',
        'preparing',
        'ready',
        'activating',
        'probation',
        'committed',
      ])
    }))

  test('fetches only what changed, and shares it on disk', () =>
    withFleet(async ({ fleet, device }) => {
      const big = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`share/${i}`, noise(i)]))
      const first = await fleet.publish('acme/hub', 1, { ...good, ...big })
      await fleet.give([first])
      await fleet.untilState('committed', 1)
      const sent = fleet.sent
      const second = await fleet.publish('acme/hub', 2, { ...good, ...big, 'share/3': 'new' })
      await fleet.give([second])
      await fleet.untilState('committed', 2)
      assert.ok(fleet.sent - sent < sent / 10, `${fleet.sent - sent} of ${sent} bytes`)
      const [a, b] = [first, second].map(one => join(treeOf(device, one), 'share/4'))
      assert.equal((await stat(a!)).ino, (await stat(b!)).ino)
    }))

  test('takes the delta from the tree it has', () =>
    withFleet(async ({ fleet }) => {
      const files = (n: number) =>
        Object.fromEntries(
          Array.from({ length: 12 }, (_, i) => [`share/${i}`, `${i % 2 ? n : 0} ${i}`]),
        )
      const first = await fleet.publish('acme/hub', 1, { ...good, ...files(1) })
      await fleet.give([first])
      await fleet.untilState('committed', 1)
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, ...files(2) })])
      await fleet.untilState('committed', 2)
      const delta = fleet.requests.filter(one =>
        one.includes(`from=${first.record.tree.digest.replace(':', '%3A')}`),
      )
      assert.equal(delta.length, 1)
    }))

  test('removes a package that is ordered no more', () =>
    withFleet(async ({ fleet, device }) => {
      const hub = await fleet.publish('acme/hub', 1, good)
      const lamp = await fleet.publish('acme/lamp', 1, good)
      await fleet.give([hub, lamp])
      await fleet.untilState('committed', 1, 'acme/lamp')
      await fleet.give([hub])
      await fleet.until('the lamp to be gone', () => {
        const report = fleet.reports.at(-1)
        return report?.state === 'committed' && report.releases.length === 1 ? report : undefined
      })
      assert.deepEqual([...device.apps.running.keys()], ['acme/hub main'])
    }))

  test('gives the app a copy of its data, migrated once, and keeps the old for a way back', () =>
    withFleet(async ({ fleet, device }) => {
      device.apps.migrate = spec => {
        const note = join(spec.data, 'history')
        void writeFile(note, 'migrated ')
        return { exit: 0, output: [] }
      }
      await fleet.give([await fleet.publish('acme/hub', 1, good)])
      await fleet.untilState('committed', 1)
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' }, migrating)])
      await fleet.untilState('committed', 2)
      assert.match(await historyOf(device, 2), /^migrated /)
      assert.equal(await historyOf(device, 1), '1 ')
    }))

  test('collects what neither the current generation nor the one before it needs', () =>
    withFleet(async ({ fleet, device }) => {
      const releases: Release[] = []
      for (const revision of [1, 2, 3]) {
        const release = await fleet.publish('acme/hub', revision, { ...good, own: `${revision}` })
        releases.push(release)
        await fleet.give([release])
        await fleet.untilState('committed', revision)
      }
      const isThere = (release: Release) => existsSync(treeOf(device, release))
      await fleet.until('the first tree to go', () => !isThere(releases[0]!) || undefined)
      assert.equal(isThere(releases[1]!), true)
      assert.deepEqual(generationsOf(device), ['2', '3'])
    }))

  test('says its state on its socket', () =>
    withFleet(async ({ device }) => {
      const text = await new Promise<string>((resolve, reject) => {
        let said = ''
        connect(device.paths.socket)
          .setEncoding('utf8')
          .on('data', chunk => (said += chunk))
          .on('end', () => resolve(said))
          .on('error', reject)
      })
      assert.equal(JSON.parse(text).state, 'committed')
      assert.equal(JSON.parse(text).log, 'none')
    }))

  test('sends what apps print while somebody tries them', () =>
    withFleet(async ({ fleet, device }) => {
      await fleet.give([await fleet.publish('acme/hub', 1, good)])
      await fleet.untilState('committed', 1)
      await fleet.until('a line of output', () => {
        // Asked again and again: a stream that is not open yet does not hear it.
        fleet.look('output')
        device.apps.print({ package: 'acme/hub' as never, app: 'main', text: 'hello' })
        return fleet.output[0]
      })
      assert.equal(fleet.output[0]?.lines[0], 'hello')
    }))
})

describe('an order that overtakes another', () => {
  test('drops the change that is not activated yet, which is no failure', () =>
    withFleet(async ({ fleet }) => {
      const slow = await fleet.publish('acme/hub', 1, { ...good, film: noise(1) })
      const next = await fleet.publish('acme/hub', 2, good)
      fleet.faults.stallAfter = 4000
      await fleet.give([slow])
      await fleet.until('the fetch', () => fleet.events.find(one => one.state === 'preparing'))
      await fleet.give([next])
      await fleet.untilEvent('change', 'engine/superseded')
      delete fleet.faults.stallAfter
      await fleet.untilState('committed', 2)
      assert.deepEqual(
        fleet.events.filter(event => event.kind === 'failure'),
        [],
      )
    }))

  test('has what was fetched for it used: no byte comes twice, over a restart too', () =>
    withFleet(async ({ fleet, device }) => {
      const [film, song] = [noise(1), noise(2)]
      const hub = await fleet.publish('acme/hub', 1, { ...good, film })
      const lamp = await fleet.publish('acme/lamp', 1, { ...good, song })
      await fleet.give([hub, lamp])
      await fleet.untilState('committed', 1)
      const second = await fleet.publish('acme/hub', 2, { ...good, film: `${film}2` })
      const lamps = await fleet.publish('acme/lamp', 2, { ...good, song: `${song}2` })
      await holdUpdates(device.say)
      await fleet.give([second, lamps])
      await fleet.until('the wait', () => device.say.gate.waiting && true)
      const { sent } = fleet
      const third = await fleet.publish('acme/lamp', 3, { ...good, song: `${song}3` })
      await fleet.give([second, third])
      await fleet.untilEvent('change', 'engine/superseded')
      await fleet.until('the next wait', () =>
        device.say.gate.update?.packages.some(one => one.to === 3) && device.say.gate.waiting
          ? true
          : undefined,
      )
      const came = fleet.sent - sent
      assert.ok(came < song.length * 2, `the song, and what names it: ${came} bytes`)
      await device.stop()
      await device.start()
      await resumeUpdates(device.say)
      await fleet.untilState('committed', 2)
      const again = fleet.sent - sent - came
      assert.ok(again < 1000, `no more than what names things, for the restart: ${again} bytes`)
      await fleet.until('the lamp that nobody ran to go', () =>
        hasObject(device, lamps) ? undefined : true,
      )
    }))
})

describe('a release that does not work', { concurrency: 4 }, () => {
  const manners: [why: string, manner: string, kind: string][] = [
    ['is not healthy', 'sick', 'probation'],
    ['dies in its probation', 'dies', 'probation'],
    ['cannot be started', 'fails to start', 'change'],
  ]
  for (const [why, manner, kind] of manners) {
    test(`goes back with its data when it ${why}, tells why, and is not tried again`, () =>
      withFleet(async ({ fleet, device }) => {
        await fleet.give([await fleet.publish('acme/hub', 1, good)])
        await fleet.untilState('committed', 1)
        await fleet.give([await fleet.publish('acme/hub', 2, { 'bin/main': manner })])
        await fleet.untilState('restored', 1)
        const { failure } = await fleet.untilEvent('failure')
        assert.equal(failure?.kind, kind)
        assert.equal(failure?.revision, 2)
        assert.ok(failure.log.length > 0)
        assert.match(failure.journal?.at(0) ?? '', /plan: generation 1 to 2 by order/)
        assert.match(failure.journal?.at(-1) ?? '', /^abort: /)
        assert.match(await historyOf(device, 1), /^1 (1 )?$/)
        assert.equal(existsSync(`${dataPath(device.paths, 'acme/hub', 2)}.rejected`), true)
        const starts = startsOf(device, 2)
        await device.stop()
        await device.start()
        await fleet.untilState('restored', 1)
        assert.equal(startsOf(device, 2), starts)
      }))
  }

  test('is not tried again by a new order of the same, but with another setting, or when asked', () =>
    withFleet(async ({ fleet, device }) => {
      const settings = { volume: { type: 'integer', default: 3, maximum: 10 } } as const
      const facts = { behaviour: { settings } }
      const bad = await fleet.publish('acme/hub', 1, { 'bin/main': 'sick' }, facts)
      const lamp = await fleet.publish('acme/lamp', 1, good)
      await fleet.give([bad])
      await fleet.until('its end', () => fleet.reports.at(-1)?.state === 'restored' || undefined)
      await fleet.give([bad, lamp])
      await fleet.untilState('committed', 1, 'acme/lamp')
      const { failure } = await fleet.untilEvent('failure', 'agent/failed-before')
      assert.deepEqual(
        [failure?.kind, failure?.package, failure?.revision],
        ['change', 'acme/hub', 1],
      )
      assert.equal(startsOf(device, 1), 1)
      await fleet.give([{ ...bad, settings: { volume: 7 } }, lamp])
      const probations = () => fleet.events.filter(one => one.failure?.kind === 'probation')
      await fleet.until('a second trial', () => probations()[1])
      assert.equal(startsOf(device, 1), 2)
      await device.agent?.retry()
      await fleet.until('a third', () => probations()[2])
    }))

  test('is tried again by an order that says so, once', () =>
    withFleet(async ({ fleet, device }) => {
      const bad = await fleet.publish('acme/hub', 1, { 'bin/main': 'sick' })
      const asked = (time: string) => ({ policy: { 'probation-seconds': 1, 'try-again': time } })
      const once = asked('2026-11-22T06:00:00Z')
      const trials = () => fleet.events.filter(one => one.failure?.kind === 'probation').length
      const unchanged = () => fleet.events.filter(one => one.code === 'agent/failed-before').length
      await fleet.give([bad])
      await fleet.until('its end', () => fleet.reports.at(-1)?.state === 'restored' || undefined)
      await fleet.give([bad], once)
      await fleet.until('a second trial', () => trials() === 2 || undefined)
      await device.stop()
      await device.start()
      await fleet.give([bad], once)
      await fleet.until('that it failed before', () => unchanged() === 1 || undefined)
      assert.equal(trials(), 2)
      await fleet.give([bad], asked('2026-11-22T06:00:01Z'))
      await fleet.until('a third trial', () => trials() === 3 || undefined)
    }))

  for (const [how, manner] of [
    ['on probation', 'sick'],
    ['at its start', 'fails to start'],
  ] as const) {
    test(`that fails ${how} does not hold back the others of its order, nor are they stopped for it`, () =>
      withFleet(async ({ fleet, device }) => {
        const { bad, fine } = await twoPackages(fleet, manner)
        await fleet.give([bad, fine])
        const report = await fleet.untilState('committed', 2, 'acme/lamp')
        assert.equal(report.releases.find(one => one.package === 'acme/hub')?.revision, 1)
        assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
        assert.equal(report.generation, 3)
        const { failure } = await fleet.untilEvent('failure')
        assert.equal(failure?.package, 'acme/hub')
        const starts = device.apps.calls.filter(call => call === 'start acme/lamp 2')
        assert.equal(starts.length, 1)
        await fleet.until('the dropped generation to go', () =>
          generationsOf(device).join() === '1,3' ? true : undefined,
        )
        assert.match(await historyOf(device, 1), /^1 1 $/)
      }))
  }

  test('takes back with it what belongs together', () =>
    withFleet(async ({ fleet, device }) => {
      const together = { behaviour: { 'together-with': ['acme/hub' as PackageName] } }
      const { bad, fine } = await twoPackages(fleet, 'sick', together)
      await fleet.give([bad, fine])
      const report = await fleet.until('the way back', () => {
        const last = fleet.reports.at(-1)
        return last?.state === 'restored' ? last : undefined
      })
      assert.deepEqual(
        report.releases.map(one => one.revision),
        [1, 1],
      )
      assert.equal(device.apps.running.get('acme/lamp main')?.revision, 1)
    }))

  test('whose migration fails leaves the old data as it was', () =>
    withFleet(async ({ fleet, device }) => {
      device.apps.migrate = () => ({ exit: 1, output: ['cannot migrate'] })
      await fleet.give([await fleet.publish('acme/hub', 1, good)])
      await fleet.untilState('committed', 1)
      await fleet.give([await fleet.publish('acme/hub', 2, { ...good, a: '2' }, migrating)])
      const { failure } = await fleet.untilEvent('failure', 'agent/hook')
      assert.match(failure?.reason ?? '', /its hook ended with 1/)
      await fleet.untilState('restored', 1)
      assert.match(await historyOf(device, 1), /^1 1 $/)
    }))
})

describe('a setting', { concurrency: 4 }, () => {
  const settings = { volume: { type: 'integer', default: 3, maximum: 10 } } as const

  test('reaches the app as a file, in a generation of its own', () =>
    withFleet(async ({ fleet, device }) => {
      const hub = await fleet.publish('acme/hub', 1, good, { behaviour: { settings } })
      await fleet.give([hub])
      await fleet.untilState('committed', 1)
      await fleet.give([{ ...hub, settings: { volume: 7 } }])
      const report = await fleet.until('generation 2', () => {
        const last = fleet.reports.at(-1)
        return last?.generation === 2 && last.state === 'committed' ? last : undefined
      })
      assert.equal(report.releases[0]?.revision, 1)
      const files = [1, 2].map(n => readFile(settingsPath(device.paths, 'acme/hub', n), 'utf8'))
      assert.deepEqual(await Promise.all(files), ['{"volume":3}', '{"volume":7}'])
    }))

  test('that is not what the manifest allows is refused and leaves all as it was', () =>
    withFleet(async ({ fleet }) => {
      const hub = await fleet.publish('acme/hub', 1, good, { behaviour: { settings } })
      await fleet.give([hub])
      await fleet.untilState('committed', 1)
      await fleet.give([{ ...hub, settings: { volume: 11 } }])
      const report = await fleet.until('the order accepted', () =>
        fleet.reports.find(one => one.counter === 2),
      )
      assert.equal(report.generation, 1)
    }))
})

describe('a secret', { concurrency: 4 }, () => {
  const settings = { token: { type: 'secret' } } as const
  const ephemeral = new Uint8Array(32).fill(7)

  async function sealed(fleet: PretendFleet, version: number, setting = 'token') {
    const report = await fleet.until('a report', () => fleet.reports.at(-1))
    const place = { device: report.device, package: 'acme/hub', setting, version }
    const key = fromHex(report.sealingKey ?? '')
    return { token: await sealSecret(place, key, ephemeral, `hunter${version}`) }
  }

  test('is opened for the app alone, kept sealed elsewhere, and never goes back to an older one', () =>
    withFleet(async ({ fleet, device }) => {
      const hub = await fleet.publish('acme/hub', 1, good, { behaviour: { settings } })
      await fleet.give([{ ...hub, settings: await sealed(fleet, 2) }])
      const { releases } = await fleet.untilState('committed', 1)
      const file = settingsPath(device.paths, 'acme/hub', 1)
      assert.equal(await readFile(file, 'utf8'), '{"token":"hunter2"}')
      assert.equal((await stat(file)).mode & 0o777, 0o600)
      assert.equal(releases[0]?.settings, digestOfSettings(await sealed(fleet, 2)))
      const told = filesHolding(device.paths.root, 'hunter2')
      assert.deepEqual(told, [file])
      assert.ok(!JSON.stringify([fleet.reports, fleet.events, device.logged]).includes('hunter2'))

      await fleet.give([{ ...hub, settings: await sealed(fleet, 1) }])
      await fleet.untilEvent('security', 'trust/rollback')
      await fleet.give([{ ...hub, settings: await sealed(fleet, 3, 'other') }])
      await fleet.untilEvent('security', 'agent/secret')
      assert.equal(fleet.reports.at(-1)?.generation, 1)
      const key = fleet.reports.at(-1)?.sealingKey
      await device.stop()
      await device.start()
      await fleet.give([{ ...hub, settings: await sealed(fleet, 4) }])
      await fleet.until('generation 2', () =>
        fleet.reports.find(({ generation, state }) => generation === 2 && state === 'committed'),
      )
      assert.equal(fleet.reports.at(-1)?.sealingKey, key)
    }))
})

describe('what the device measures', () => {
  test('comes with a check-in, five minutes as one point', () =>
    withFleet(async ({ fleet, device }) => {
      await device.stop()
      device.haste = 600
      await device.start()
      const [, cpu, memory, disk] = await fleet.until('a point', () => fleet.health[0])
      for (const share of [cpu, memory, disk]) {
        assert.ok(typeof share === 'number' && share >= 0 && share <= 1000, `${share}`)
      }
    }))
})

function filesHolding(root: string, text: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(path => readFileSync(path).includes(text))
}

/** A hub that fails and a lamp that does not, each on top of a revision that runs. */
async function twoPackages(
  fleet: PretendFleet,
  manner: string,
  facts: Parameters<PretendFleet['publish']>[3] = {},
): Promise<{ bad: Release; fine: Release }> {
  const names = ['acme/hub', 'acme/lamp']
  const first = await Promise.all(names.map(name => fleet.publish(name, 1, good)))
  await fleet.give(first)
  await fleet.untilState('committed', 1)
  const bad = await fleet.publish('acme/hub', 2, { 'bin/main': manner })
  const fine = await fleet.publish('acme/lamp', 2, { ...good, a: '2' }, facts)
  return { bad, fine }
}

function historyOf(device: TestDevice, generation: number): Promise<string> {
  return readFile(join(dataPath(device.paths, 'acme/hub', generation), 'history'), 'utf8')
}

/** What nobody needs goes only after a commit is told: a test waits for it to go. */
function generationsOf({ paths }: TestDevice): string[] {
  return readdirSync(paths.generations).sort()
}

async function statesOf(fleet: PretendFleet): Promise<string[]> {
  await fleet.until('the last event', () => fleet.events.find(one => one.state === 'committed'))
  return fleet.events.flatMap(event => event.state ?? [])
}

function startsOf(device: TestDevice, revision: number): number {
  return device.apps.calls.filter(call => call === `start acme/hub ${revision}`).length
}

function treeOf(device: TestDevice, { record }: Release): string {
  return treePath(device.paths, record.tree.digest)
}

function hasObject({ paths }: TestDevice, { record }: Release): boolean {
  return existsSync(new ObjectStore(paths).pathOf(record.tree.digest))
}

/** Text that does not compress, the same in every run. */
function noise(n: number): string {
  const digests: Digest[] = []
  for (let i = 0; i < 100; i++) digests.push(digestOf(Buffer.from(`${n} ${i}`)))
  return digests.join('')
}
