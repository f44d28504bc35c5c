import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { findCgroupHomes } from './cgroup-homes.ts'
import { leaveCgroupHomes } from './cgroups.ts'
import { Bench, isRoot, noSandbox, until } from './testing/bench.test.ts'

const hasController = (() => {
  if (!isRoot) return false
  const homes = findCgroupHomes('test-wall')
  leaveCgroupHomes(homes)
  return homes.some(({ controllers }) => controllers.includes('devices'))
})()

const [camera, other] = ['video63', 'video62'].map(name => `/dev/${name}`)
const number = ['c', '1', '5']

/** Opens what is not its own as soon as it finds it, and then its own that is plugged in. */
const app = `
echo begun
until [ -c /dev/kmsg ]; do sleep 0.05; done
(: >/dev/kmsg) 2>/dev/null && echo opened || echo shut
until (: <${other}) 2>/dev/null; do sleep 0.05; done
echo plugged
exec sleep 600`

describe('the wall of device numbers', {
  skip: noSandbox || (!isRoot && 'needs root'),
}, () => {
  for (const withCgroups of [true, false]) {
    const skip = withCgroups && !hasController && 'needs the devices controller of cgroup v1'
    const what = withCgroups
      ? 'keeps an app from a node that got into its /dev, and lets what is plugged in through'
      : 'is what does it: without cgroups such a node is opened'
    test(what, { skip: skip || [camera, other].some(path => existsSync(path ?? '')) }, async t => {
      await using bench = await Bench.open({ withCgroups })
      const nodes = [camera, other].map(path => path ?? '')
      t.after(() => {
        for (const path of nodes) rmSync(path, { force: true })
      })
      execFileSync('mknod', ['-m', '600', nodes[0] ?? '', ...number])
      const said = (text: string) => bench.lines.some(line => line.text === text)
      const spec = bench.shell('main', app, {}, { opened: [{ interface: 'camera' }] })
      await bench.apps.start(spec)
      await until(() => said('begun'))
      // As a flaw elsewhere would put it there: the kernel's log, for everybody to write.
      const node = join(folderOf(bench), 'kmsg')
      execFileSync('mknod', ['-m', '666', node, 'c', '1', '11'])
      await until(() => said('shut') || said('opened'))
      assert.ok(said(withCgroups ? 'shut' : 'opened'))
      execFileSync('mknod', ['-m', '600', nodes[1] ?? '', ...number])
      await until(() => said('plugged'))
      assert.match(
        bench.apps.describeConfinement()['confinement.device-wall'] ?? '',
        withCgroups ? /^cgroup v1$/ : /^not used/,
      )
    })
  }
})

/** Its folder of nodes among those of all agents: the one in which the camera is. */
function folderOf(bench: Bench): string {
  const home = '/dev/steadfleet'
  const spec = bench.shell('main', '')
  const folders = readdirSync(home).map(name => join(home, name, spec.package.replace('/', '.')))
  return folders.find(folder => existsSync(join(folder, 'video63'))) ?? assert.fail('no folder')
}
