import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parsePackageName } from '@steadfleet/domain'
import { emptyGeneration, type Generation } from '@steadfleet/engine'
import { Bench, noSandbox, until } from '../apps/testing/bench.test.ts'
import { leasePath, pathsOf } from '../disk/paths.ts'
import { PretendFleet } from '../testing/pretend-fleet.test.ts'
import {
  endApps,
  kill,
  publishScript,
  run,
  sourceFile,
  startAgent,
  whyNotShipped,
} from '../testing/shipped-agent.test.ts'
import type { World } from '../world.ts'
import { Leases } from './leases.ts'

const arm = parsePackageName('acme/arm')
const never = new AbortController().signal

/**
 * Moves again and again, each time under a lease, and writes down if it is ever stopped while it moves. A
 * shell hears a signal when the command that it waits for is over: with `moving` as it was.
 */
const moves = `
  moving=0
  trap 'if [ $moving = 1 ]; then echo STOPPED >> /data/stopped; fi; echo end >> /data/ends; exit 0' TERM
  while :; do
    if (printf 'the arm moves\\nseconds=30\\n' > $STEADFLEET_LEASES/arm) 2>/dev/null; then
      moving=1
      echo move >> /data/moves
      sleep 0.08
      moving=0
      rm -f $STEADFLEET_LEASES/arm 2>/dev/null
    else
      echo refused >> /data/refused
    fi
    sleep 0.02
  done`

describe('an app that says not now', { skip: noSandbox }, () => {
  test('is never stopped while it moves; without its lease it would be', async () => {
    await using bench = await openBench()
    const leases = leasesOf(bench)
    const spec = bench.shell('arm', moves, {}, { package: arm })
    const count = (name: string) => linesOf(join(spec.data, name))
    for (let round = 1; round <= 6; round++) {
      const before = count('moves')
      await leases.open([arm])
      await bench.apps.start(spec)
      await until(() => count('moves') > before)
      await until(async () => {
        const reasons = await leases.close([arm], emptyGeneration, never)
        assert.ok(
          reasons.every(({ why }) => /^acme\/arm says not now(: the arm moves)?$/.test(why)),
        )
        return reasons.length === 0
      })
      await bench.apps.stop(arm)
      assert.equal(count('ends'), round)
    }
    assert.equal(count('stopped'), 0, 'it was never stopped while it moved')

    // The same app, at longer moves, and nobody who asks: this test can tell.
    await leases.open([arm])
    const slow = moves.replace('sleep 0.08', 'sleep 2')
    await bench.apps.start(bench.shell('arm', slow, {}, { package: arm }))
    await until(() => existsSync(join(leasePath(pathsOf(bench.stateDir), arm), 'arm')))
    await bench.apps.stop(arm)
    assert.equal(count('stopped'), 1)
  })

  test('cannot say so any more once it was asked, nor open its folder again', async () => {
    await using bench = await openBench()
    const leases = leasesOf(bench)
    const more = { package: arm }
    const take = 'echo late > $STEADFLEET_LEASES/late && echo taken'
    assert.equal(await bench.say(`${take}; rm $STEADFLEET_LEASES/late`, more), 'taken')
    await leases.shut([arm])
    assert.match(await bench.say(take, more), /ermission denied/)
    if (process.getuid?.() === 0) {
      assert.match(
        await bench.say(`chmod 777 $STEADFLEET_LEASES; ${take}`, more),
        /ermission denied/,
      )
    }
    await leases.openAll()
    assert.equal(await bench.say(take, more), 'taken')
    assert.match(await bench.say('ls /run/steadfleet/leases', more), /^late$/)
    assert.equal(await bench.say('ls /run/steadfleet/leases', {}), '', 'of others it sees none')
  })

  test('is asked for a safe state by its own hook, and waited for until it is', async () => {
    await using bench = await openBench()
    const clock = { at: 0 }
    const leases = leasesOf(bench, clock)
    const command = [
      'bin/sh',
      '-c',
      '[ -e /data/safe ] || { echo the gripper holds a cup; exit 1; }',
    ]
    const from = withHook(command)
    assert.deepEqual(await leases.close([arm], from, never), [
      { kind: 'unsafe', why: 'acme/arm is not in a safe state: the gripper holds a cup' },
    ])
    await bench.say(
      'echo yes > /data/safe; echo x > $STEADFLEET_LEASES/x; rm $STEADFLEET_LEASES/x',
      {
        package: arm,
      },
    )
    assert.equal(
      (await leases.close([arm], from, never)).length,
      1,
      'it is not asked at once again',
    )
    clock.at += 5000
    assert.deepEqual(await leases.close([arm], from, never), [])
  })
})

/** Never at rest: it holds its lease, renews it, and notes that it is ended. */
const neverRests = `
  trap 'echo end >> /data/ends; exit 0' TERM
  while :; do
    printf 'the arm moves\\nseconds=30\\n' > $STEADFLEET_LEASES/arm
    bin/busybox sleep 0.1
  done 2>/dev/null`

test('an app that never stops moving is waited for as long as its fleet lets it, and then ended', {
  skip: whyNotShipped() || noSandbox,
}, async () => {
  const fleet = await PretendFleet.start()
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-leased-'))
  const paths = pathsOf(join(folder, 's'))
  let agent: ChildProcess | undefined
  try {
    await run(['join', fleet.token, '--state', paths.root], sourceFile)
    agent = await startAgent(paths, fleet, sourceFile)
    await fleet.give([await publishScript(fleet, 1, neverRests)])
    await fleet.untilState('committed', 1)
    const updates = { 'lease-seconds': 3 }
    const policy = { 'probation-seconds': 1, 'check-in-seconds': 60, updates }
    await fleet.give([await publishScript(fleet, 2, neverRests)], { policy })
    const said = (words: string) =>
      fleet.until(words, () => fleet.events.find(one => one.message.includes(words)))
    const [waits, ends] = [await said('says not now: the arm moves'), await said('waits no longer')]
    // By the device's own clock, whose times are of whole seconds.
    assert.ok(Date.parse(ends.at) - Date.parse(waits.at) >= 2000, `${waits.at} to ${ends.at}`)
    await fleet.untilState('committed', 2)
    const [data = ''] = readdirSync(join(paths.data, 'acme.hub')).filter(one => /^\d+$/.test(one))
    assert.equal(linesOf(join(paths.data, 'acme.hub', data, 'ends')), 1)
  } finally {
    if (agent) await kill(agent)
    await endApps(paths)
    await fleet.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

describe('a lease', () => {
  const kinds: [name: string, make: (path: string) => void, why: string][] = [
    [
      'with words',
      path => writeFileSync(path, 'a scan runs\n'),
      'acme/arm says not now: a scan runs',
    ],
    ['without any', path => writeFileSync(path, ''), 'acme/arm says not now'],
    ['that is a folder', path => mkdirSync(path), 'acme/arm says not now'],
    ['that is a link', path => symlinkSync('/etc/passwd', path), 'acme/arm says not now'],
    [
      'with what no screen should be sent',
      path => writeFileSync(path, `\u001b[2J${'x'.repeat(5000)}`),
      `acme/arm says not now: [2J${'x'.repeat(197)}`,
    ],
    [
      'from a time to come',
      path => {
        writeFileSync(path, 'later')
        utimesSync(path, 4e9, 4e9)
      },
      'acme/arm says not now: later',
    ],
  ]
  for (const [name, make, why] of kinds) {
    test(`${name} counts, for a minute from when it is seen`, async () => {
      await using bench = await openBench()
      const clock = { at: 0 }
      const leases = leasesOf(bench, clock)
      const folder = folderOf(bench)
      make(join(folder, 'one'))
      const reasons = await leases.close([arm], emptyGeneration, never)
      assert.deepEqual(reasons, [{ kind: 'lease', why }])
      clock.at += 59_999
      assert.equal((await leases.close([arm], emptyGeneration, never)).length, 1)
      clock.at += 1
      assert.deepEqual(await leases.close([arm], emptyGeneration, never), [])
      assert.ok(!existsSync(join(folder, 'one')), 'and is gone then')
    })
  }

  const seconds: [text: string, lasts: number][] = [
    ['why\nseconds=5\n', 5],
    ['\nseconds=0', 0],
    ['why\nseconds=999999', 3600],
    ['why\nseconds=-1', 60],
    ['seconds=5', 60],
  ]
  for (const [text, lasts] of seconds) {
    test(`that says ${JSON.stringify(text)} counts for ${lasts} s, and as long again when renewed`, async () => {
      await using bench = await openBench()
      const clock = { at: 0 }
      const leases = leasesOf(bench, clock)
      const path = join(folderOf(bench), 'one')
      const isHeld = async () => (await leases.close([arm], emptyGeneration, never)).length > 0
      writeFileSync(path, text)
      assert.equal(await isHeld(), lasts > 0)
      clock.at += lasts * 1000 - 1
      if (lasts > 0) writeFileSync(path, text)
      assert.equal(await isHeld(), lasts > 0)
      clock.at += lasts * 1000
      assert.equal(await isHeld(), false)
    })
  }
})

async function openBench(): Promise<Bench> {
  const bench = await Bench.open({ withCgroups: false })
  bench.addProgram('rm')
  bench.addProgram('chmod')
  return bench
}

function folderOf({ stateDir }: Bench): string {
  const folder = leasePath(pathsOf(stateDir), arm)
  mkdirSync(folder, { recursive: true })
  return folder
}

function leasesOf(bench: Bench, clock?: { readonly at: number }): Leases {
  const monotonic = () => clock?.at ?? performance.now()
  const world = { monotonic } as Pick<World, 'monotonic'>
  const hook: Bench['apps']['hook'] = (_, command, limit) =>
    bench.apps.hook(bench.shell('arm', '', {}, { package: arm }), command, limit)
  return new Leases({ paths: pathsOf(bench.stateDir), world, apps: { hook } })
}

function withHook(command: string[]): Generation {
  const behaviour = { apps: { arm: { command } }, hooks: { 'safe-state': command } }
  const none = { revision: 1, settings: {}, interfaces: [], data: 1 }
  const one = { package: arm, ...none, tree: { digest: `sha256:${'0'.repeat(64)}` }, behaviour }
  return { ...emptyGeneration, packages: [one] as unknown as Generation['packages'] }
}

function linesOf(path: string): number {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0
}
