import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ConfinementPart, confinementParts } from '@steadfleet/domain'
import { openApps, Requiring } from './index.ts'
import { Bench, noSandbox, until } from './testing/bench.test.ts'

async function describe(
  require: readonly ConfinementPart[],
): Promise<Readonly<Record<string, string>>> {
  const stateDir = realpathSync(mkdtempSync(join(tmpdir(), 'steadfleet-require-')))
  const apps = await openApps({ stateDir, require })
  const facts = apps.describeConfinement()
  await apps.close()
  rmSync(stateDir, { recursive: true })
  return facts
}

test('what a device lacks is told, and no app starts where its owner insists on it', {
  skip: noSandbox,
}, async () => {
  const { confinement, 'confinement.lacks': lacks = '' } = await describe([])
  assert.equal(confinement, 'enforced')
  const isLacking = (name: string) => lacks.split(' ').includes(name)
  const { confinement: found } = await describe(confinementParts.filter(name => !isLacking(name)))
  assert.equal(found, 'enforced')
  for (const name of confinementParts.filter(isLacking)) {
    const { confinement: refused = '' } = await describe([name])
    assert.match(refused, new RegExp(`lacks ${name}, which`))
  }
})

test('what an order insists on ends what runs where it is lacking, and lets it run again later', {
  skip: noSandbox,
}, async () => {
  await using bench = await Bench.open()
  const { apps } = bench
  const spec = bench.shell('main', 'echo begun; exec sleep 600')
  const begun = () => bench.lines.filter(({ text }) => text === 'begun').length
  await apps.start(spec)
  await until(() => begun() === 1)
  assert.equal(await apps.require([]), undefined)
  // What this agent has never heard of, its device does not have.
  const lacking = await apps.require(['shield'])
  assert.match(lacking ?? '', /lacks shield, which its owner requires/)
  assert.equal(apps.status()[0]?.state, 'backing off')
  assert.equal(apps.describeConfinement().confinement, lacking)
  const other = bench.shell('other', 'true')
  await assert.rejects(apps.start(other), { code: 'apps/lacking' })
  await assert.rejects(bench.say('true'), { code: 'apps/lacking' })
  await bench.reopen()
  await bench.apps.require(['shield'])
  await bench.apps.adopt([spec])
  assert.equal(bench.apps.status()[0]?.state, 'backing off')
  assert.equal(begun(), 1)
  assert.equal(await bench.apps.require([]), undefined)
  await until(() => begun() === 2)
  assert.equal(bench.exits.length, 0)
})

test('what is lacking is told once, and once that it is not any more', async () => {
  const told: string[] = []
  let [ordered, lacking]: [string[], string | undefined] = [[], undefined]
  const apps = {
    require: async (parts: readonly string[]) => (parts.length > 0 ? lacking : undefined),
  }
  const tell = async ({ message }: { message: string }) => void told.push(message)
  const requiring = new Requiring({ apps, ordered: () => ordered, tell })
  await requiring.heed()
  ;[ordered, lacking] = [['shield'], 'cannot confine apps: this device lacks shield']
  await requiring.heed()
  await requiring.heed()
  ordered = []
  await requiring.heed()
  assert.deepEqual(told, [
    lacking,
    'apps run again: this device lacks nothing that its owner requires',
  ])
})
