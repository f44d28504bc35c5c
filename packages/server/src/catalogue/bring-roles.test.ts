import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  makeDelegatedRole,
  makeSnapshot,
  nextVersion,
  type SignedTargets,
  signMetadata,
  toTarget,
} from '@steadfleet/authority'
import {
  type PretendCatalogue,
  pretendCatalogue,
  pretendFetcher,
  pretendSigner,
  pretendStore,
  seal,
  stamp,
} from '@steadfleet/authority/testing'
import { toUtf8 } from '@steadfleet/base'
import { keyIdOf, refreshCatalogue } from '@steadfleet/trust'
import { bringRoles } from './bring-roles.ts'
import { putInForce, readInForce } from './catalogue-folder.ts'

const now = new Date('2026-11-21T00:00:00Z')
const path = 'acme/hub/1/amd64'
const team = pretendSigner('team')

describe('the roles that a mirror brings', () => {
  test('are all that the snapshot lists and somebody delegates to, however deep', async () => {
    const { files } = await bring(await nested())
    const names = [
      '1.bin-0.json',
      '1.bin-1.json',
      '1.deep.json',
      '1.team%2Fhub.json',
      '2.acme.json',
    ]
    assert.deepEqual([...files.keys()].sort(), names)
  })

  test('let a client of the mirror find what lies in them', async () => {
    const catalogue = await nested()
    const { files } = await bring(catalogue)
    const served = new Map([...catalogue.files].filter(([name]) => isTop(name) || files.has(name)))
    const fetcher = pretendFetcher(served)
    const client = { store: pretendStore(), fetcher, now, firstRoot: catalogue.firstRoot }
    const found = await (await refreshCatalogue(client)).lookUp(path)
    assert.equal(found?.path, path)
  })

  test('are not fetched a second time, where they are as they were', async () => {
    const catalogue = await nested()
    const { store } = await bring(catalogue)
    const fetcher = pretendFetcher(catalogue.files)
    assert.equal((await bringRoles({ store, fetcher, now })).size, 0)
    assert.deepEqual(fetcher.asked, [])
  })

  test('are without one that is not what the snapshot says, and without what it delegates to', async () => {
    const catalogue = await nested()
    catalogue.files.set('1.deep.json', await signMetadata(makeDelegatedRole(1, {}, now), [team]))
    const { files } = await bring(catalogue)
    assert.ok(files.has('1.team%2Fhub.json'))
    assert.ok(!files.has('1.deep.json') && !files.has('1.bin-0.json'))
  })

  test('are read back from the folder they were put into, a slash in their name or not', async () => {
    const { files } = await nested()
    const folder = mkdtempSync(join(tmpdir(), 'steadfleet-mirror-'))
    try {
      await putInForce(folder, files, files.get('timestamp.json')!)
      const { roles } = await readInForce(folder)
      assert.deepEqual([...roles.keys()].sort(), ['acme', 'bin-0', 'bin-1', 'deep', 'team/hub'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('are no deeper than a client asks', async () => {
    const catalogue = await nested(70)
    const { files } = await bring(catalogue)
    assert.equal(files.size, 64)
  })
})

function isTop(name: string): boolean {
  return /root|targets|snapshot|timestamp/.test(name)
}

async function bring(catalogue: PretendCatalogue) {
  const store = pretendStore()
  const fetcher = pretendFetcher(catalogue.files)
  await refreshCatalogue({ store, fetcher, now, firstRoot: catalogue.firstRoot })
  return { store, files: await bringRoles({ store, fetcher, now }) }
}

/**
 * A catalogue in which acme delegates to a team, which delegates back to acme and on to a role whose two
 * bins of sixteen the snapshot lists; or, in which acme heads a chain of so many roles.
 */
async function nested(chain?: number): Promise<PretendCatalogue> {
  const catalogue = await pretendCatalogue(now)
  const { signed } = catalogue
  const roles = chain ? chainOf(chain) : teamOf()
  const [head] = [...roles.keys()]
  signed.acme = { ...nextVersion(signed.acme, 'publisher', now), ...delegating(head ?? '') }
  await seal(catalogue, 'acme')
  const files = new Map([
    ['targets', catalogue.files.get('1.targets.json')!],
    ['acme', catalogue.files.get('2.acme.json')!],
  ])
  for (const [name, role] of roles) {
    const file = await signMetadata(role, [team])
    files.set(name, file)
    catalogue.files.set(`1.${encodeURIComponent(name)}.json`, file)
  }
  signed.snapshot = makeSnapshot(2, files, now)
  await seal(catalogue, 'snapshot')
  await stamp(catalogue, now)
  return catalogue
}

function teamOf(): Map<string, SignedTargets> {
  const empty = makeDelegatedRole(1, {}, now)
  const bins = { keyids: [keyIdOf(team.key)], threshold: 1, bit_length: 4, name_prefix: 'bin' }
  const keys = { [keyIdOf(team.key)]: team.key }
  const hub = { ...empty, targets: { [path]: toTarget(toUtf8('record'), {}) } }
  return new Map([
    ['team/hub', { ...empty, ...delegating('deep', 'acme') }],
    ['deep', { ...hub, delegations: { keys, succinct_roles: bins } }],
    ['bin-0', empty],
    ['bin-1', empty],
  ])
}

function chainOf(length: number): Map<string, SignedTargets> {
  const empty = makeDelegatedRole(1, {}, now)
  return new Map(
    Array.from({ length }, (_, i) => [`r${i}`, { ...empty, ...delegating(`r${i + 1}`) }]),
  )
}

function delegating(...names: readonly string[]): Pick<SignedTargets, 'delegations'> {
  const keyid = keyIdOf(team.key)
  const row = { keyids: [keyid], threshold: 1, paths: ['acme/*/*/*'], terminating: false }
  return {
    delegations: { keys: { [keyid]: team.key }, roles: names.map(name => ({ name, ...row })) },
  }
}
