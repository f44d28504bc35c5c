import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openApps, type Requirement, requirements } from './index.ts'
import { noSandbox } from './testing/bench.test.ts'

async function describe(
  require: readonly Requirement[],
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
  for (const name of Object.keys(requirements) as Requirement[]) {
    const isLacking = lacks.split(' ').includes(name)
    const found = (await describe([name])).confinement
    assert.match(found ?? '', isLacking ? new RegExp(`lacks ${name}, which`) : /^enforced$/, name)
  }
})
