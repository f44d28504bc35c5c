import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { cgroupMounts, ownCgroups } from './cgroup-homes.ts'
import { interpreterOf, launcherFor } from './host-programs.ts'
import { isAlive, parseStat, processOf } from './processes.ts'
import { endingOf, stateAfter, waitBefore } from './restart.ts'

const stats: [line: string, name: string | undefined, start: string | undefined][] = [
  [stat('sh', 'S'), 'sh', '777'],
  [stat('a) (b', 'R'), 'a) (b', '777'],
  [stat('new\nline', 'S'), 'new\nline', '777'],
  ['', undefined, undefined],
  ['12 (cut', undefined, undefined],
]
for (const [line, name, start] of stats) {
  test(`a line of /proc/PID/stat is read: ${JSON.stringify(line.slice(0, 14))}`, () => {
    const process = parseStat(line)
    assert.deepEqual([process?.name, process?.start], [name, start])
  })
}

test('a process is alive by its number and its start together', () => {
  const here = processOf(process.pid)
  assert.ok(here && isAlive(here))
  assert.ok(!isAlive({ ...here, start: '1' }))
  assert.equal(processOf(2 ** 22 + 1), undefined)
})

describe('the cgroups of a process', () => {
  test('are read for version 1, for version 2 and for both', () => {
    const own = ownCgroups('4:cpu,cpuacct:/a\n1:name=systemd:/x:y\n0::/user.slice\n')
    assert.deepEqual(
      [...own],
      [
        ['cpu', '/a'],
        ['cpuacct', '/a'],
        ['name=systemd', '/x:y'],
        ['', '/user.slice'],
      ],
    )
  })
  test('are mounted where mountinfo says', () => {
    const lines = [
      '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate',
      '31 23 0:27 /docker/x /sys/fs/cgroup/cpu rw shared:9 - cgroup cgroup rw,cpu,cpuacct',
      '32 23 0:28 / /proc rw - proc proc rw',
    ]
    assert.deepEqual(cgroupMounts(lines.join('\n')), [
      { at: '/sys/fs/cgroup', root: '/', version: 2, names: [] },
      { at: '/sys/fs/cgroup/cpu', root: '/docker/x', version: 1, names: ['cpu'] },
    ])
  })
})

test('the loader of a program is the one its file names; a static one has none', async () => {
  const loader = interpreterOf(readFileSync(process.execPath))
  assert.match(loader ?? '', /\/ld-/)
  assert.equal(interpreterOf(Buffer.alloc(64)), undefined)
  const { command, shown } = await launcherFor(process.execPath)
  assert.equal(command[0], '/.steadfleet/loader')
  assert.ok(shown.some(({ at }) => at === '/.steadfleet/node'))
  assert.ok(shown.some(({ at }) => at.startsWith('/.steadfleet/libc.')))
})

const endings: [status: number | undefined, ending: object][] = [
  [0, { exit: 0 }],
  [125, { exit: 125 }],
  [137, { signal: 'SIGKILL' }],
  [143, { signal: 'SIGTERM' }],
  [255, { exit: 255 }],
  [undefined, { signal: 'SIGKILL' }],
]
for (const [status, ending] of endings) {
  test(`a run that left ${status} ended by ${JSON.stringify(ending)}`, () => {
    assert.deepEqual(endingOf(status), ending)
  })
}

const policies: [
  daemon: 'simple' | 'oneshot' | undefined,
  restart: 'always' | 'on-failure' | 'never' | undefined,
  failed: boolean,
  state: string,
][] = [
  [undefined, undefined, false, 'backing off'],
  [undefined, undefined, true, 'backing off'],
  ['simple', 'on-failure', false, 'exited'],
  ['simple', 'on-failure', true, 'backing off'],
  ['simple', 'never', true, 'failed'],
  ['oneshot', undefined, false, 'exited'],
  ['oneshot', undefined, true, 'failed'],
  ['oneshot', 'always', false, 'exited'],
  ['oneshot', 'always', true, 'backing off'],
]
for (const [daemon, restart, failed, state] of policies) {
  const how = failed ? 'failed' : 'succeeded'
  test(`a ${daemon ?? 'default'} app, restarted ${restart ?? 'by default'}, that ${how} is ${state}`, () => {
    const app = { ...(daemon && { daemon }), ...(restart && { restart }) }
    assert.equal(stateAfter(app, failed), state)
  })
}

test('the wait before a start doubles up to its bound', () => {
  const backOff = { firstMs: 500, longestMs: 60_000, calmMs: 0 }
  const waits = [0, 1, 2, 6, 7, 1000].map(failures => waitBefore(failures, backOff))
  assert.deepEqual(waits, [500, 1000, 2000, 32_000, 60_000, 60_000])
})

function stat(name: string, state: string): string {
  const fields = [state, '1', ...Array.from({ length: 17 }, () => '0'), '777', '0']
  return `12 (${name}) ${fields.join(' ')}\n`
}
