import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { dataPath } from './disk/paths.ts'
import { TestDevice } from './testing/device.test.ts'
import { PretendFleet } from './testing/pretend-fleet.test.ts'

test('a device joins, installs what is ordered, proves it and commits', async () => {
  const fleet = await PretendFleet.start()
  const device = await TestDevice.join(fleet)
  try {
    const hub = await fleet.publish('acme/hub', 1, { 'bin/main': 'well\n', 'share/text': 'hello' })
    await fleet.give([hub])
    const report = await fleet.untilState('committed', 1)
    assert.equal(report.generation, 1)
    assert.equal(device.apps.running.get('acme/hub main')?.revision, 1)
    assert.equal(
      await readFile(join(dataPath(device.paths, 'acme/hub', 1), 'history'), 'utf8'),
      '1 ',
    )
  } finally {
    await device[Symbol.asyncDispose]()
    await fleet.close()
  }
})
