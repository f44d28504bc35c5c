import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { type CgroupHome, findCgroupHomes } from './cgroup-homes.ts'
import {
  countersOf,
  isPopulated,
  joiningFiles,
  killCgroup,
  leaveCgroupHomes,
  makeCgroup,
  outOfMemoryKills,
  removeCgroup,
  sweepCgroups,
  throttling,
} from './cgroups.ts'
import { isRoot, until } from './testing/bench.test.ts'

const limits = { memoryBytes: 64 << 20, processes: 30, openFiles: 100 }

describe('a cgroup', { skip: !isRoot && 'needs root' }, () => {
  test('has the limits it is made with, and is gone without a trace', async t => {
    const homes = findCgroupHomes('test-limits')
    if (homes.length === 0) return t.skip('no cgroup can be made here')
    const cgroup = makeCgroup(homes, 'acme.x.web', limits)
    const read = (names: string[]) =>
      cgroup
        .flatMap(folder => names.map(name => join(folder, name)))
        .filter(path => existsSync(path))
        .map(path => readFileSync(path, 'utf8').trim())
    assert.deepEqual(new Set(read(['pids.max'])), new Set(['30']))
    assert.deepEqual(
      new Set(read(['memory.max', 'memory.limit_in_bytes'])),
      new Set([`${64 << 20}`]),
    )
    assert.equal(outOfMemoryKills(cgroup), 0)
    await removeCgroup(cgroup)
    leaveCgroupHomes(homes)
    for (const { folder } of homes) assert.ok(!existsSync(folder))
  })

  const ways: [way: string, has: (home: CgroupHome) => boolean][] = [
    ['cgroup.kill', home => home.isForKilling && home.version === 2],
    ['the freezer', home => home.isForKilling && home.version === 1],
  ]
  for (const [way, has] of ways) {
    test(`is ended whole by ${way}`, async t => {
      const homes = findCgroupHomes(`test-${way.replace(' ', '-')}`)
      const some = homes.filter(has)
      try {
        if (some.length === 0) return t.skip(`there is no ${way} here`)
        const cgroup = makeCgroup(some, 'acme.x.web', limits)
        const script = `for file; do echo 0 >"$file"; done; echo in; sleep 600 & sleep 600 & wait`
        const child = spawn('/bin/sh', ['-c', script, 'sh', ...joiningFiles(cgroup)])
        await once(child.stdout, 'data')
        assert.ok(isPopulated(cgroup))
        assert.equal(await killCgroup(cgroup), true)
        assert.deepEqual(await once(child, 'exit'), [null, 'SIGKILL'])
        await removeCgroup(cgroup)
        assert.ok(!isPopulated(cgroup))
      } finally {
        leaveCgroupHomes(homes)
      }
    })
  }

  test('has the CPU that it is limited to, and tells when that holds it back', async t => {
    const homes = findCgroupHomes('test-cpu').filter(one => one.controllers.includes('cpu'))
    try {
      if (homes.length === 0) return t.skip('no CPU is limited here')
      const cgroup = makeCgroup(homes, 'acme.x.web', { ...limits, cpuPercent: 5 })
      const script = 'for file; do echo 0 >"$file"; done; while :; do :; done'
      const child = spawn('/bin/sh', ['-c', script, 'sh', ...joiningFiles(cgroup)])
      await until(() => throttling(countersOf(cgroup)).held > 2)
      const { periods, held } = throttling(countersOf(cgroup))
      assert.ok(held <= periods)
      child.kill('SIGKILL')
      await once(child, 'exit')
      await removeCgroup(cgroup)
    } finally {
      leaveCgroupHomes(homes)
    }
  })

  test('of a run that may be about to join it outlasts a sweep, an empty one of no run does not', async t => {
    const homes = findCgroupHomes('test-sweep')
    if (homes.length === 0) return t.skip('no cgroup can be made here')
    const [run, left] = ['run', 'left'].map(app => makeCgroup(homes, `acme.x.${app}`, limits))
    sweepCgroups(homes, [run ?? []])
    assert.deepEqual([run?.every(existsSync), left?.some(existsSync)], [true, false])
    leaveCgroupHomes(homes)
  })

  test('that is in no hierarchy can’t be ended that way', async () => {
    assert.equal(await killCgroup([]), false)
  })
})
