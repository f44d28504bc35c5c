import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { digestOf, toUtf8 } from '@steadfleet/base'
import { type Metadata, parseMetadata, refreshCatalogue } from '@steadfleet/trust'
import {
  acceptPublication,
  type RoleDocuments,
  roleFor,
  type SignedTargets,
  signMetadata,
  toTarget,
} from './index.ts'
import {
  type PretendCatalogue,
  pretendCatalogue,
  pretendFetcher,
  pretendSigner,
  pretendStore,
  publish,
  serveRoles,
  spreadAcme,
} from './testing/index.ts'

const now = new Date('2026-11-21T00:00:00Z')
const path = 'acme/greenhouse/3/amd64'
const acme = pretendSigner('acme')
const content = toUtf8('other')

describe('releases that lie in bins', () => {
  let catalogue: PretendCatalogue
  let next: RoleDocuments
  let home: string
  before(async () => {
    catalogue = await pretendCatalogue(now)
    await publish(catalogue, path, now)
    next = spreadAcme(catalogue, 4, now)
    home = roleFor('acme', documentIn('acme'), path)
  })

  test('are accepted all together, each once', async () => {
    const accepted = await accept(next)
    assert.equal(accepted.size, 17)
    const paths = [...accepted.values()].flatMap(({ signed }) => [...signed.targets.keys()])
    assert.deepEqual(paths, [path])
  })

  const attacks: [what: string, code: string, strike: () => RoleDocuments][] = [
    ['of which one bin is missing', 'authority/bins', () => without(home)],
    ['that leave a release out', 'trust/changed-release', () => changed(home, { targets: {} })],
    [
      'of which one lies in another’s bin',
      'trust/not-delegated',
      () => changed(otherBin(), { targets: documentIn(home).targets }),
    ],
    [
      'of another publisher',
      'trust/not-delegated',
      () => changed(home, { targets: { 'bolt/lamp/1/amd64': toTarget(content, {}) } }),
    ],
    ['with a bin rolled back', 'trust/rollback', () => changed(home, { version: 1 })],
    ['by other keys than the role’s', 'authority/bins', () => changed('acme', byMallory())],
  ]
  for (const [what, code, strike] of attacks) {
    test(`${what} are refused with ${code}`, async () => {
      const offered = strike()
      const versions = code === 'trust/rollback' ? () => 1 : () => 0
      await assert.rejects(accept(offered, versions), { code })
    })
  }

  test('are found by a device in the bin that they fall into, as their publisher’s', async () => {
    await serveRoles(catalogue, next, now)
    const found = await (await refresh()).find(path)
    assert.equal(found?.digest, digestOf(toUtf8(`record of ${path}`)))
    assert.deepEqual([found?.role, found?.publisher], [home, 'acme'])
  })

  function documentIn(role: string): SignedTargets {
    const found = next.get(role)
    assert.ok(found)
    return found
  }

  function otherBin(): string {
    return [...next.keys()].find(role => role !== 'acme' && role !== home) ?? ''
  }

  function without(role: string): RoleDocuments {
    return new Map([...next].filter(([name]) => name !== role))
  }

  function changed(role: string, change: Partial<SignedTargets>): RoleDocuments {
    return new Map([...next, [role, { ...documentIn(role), ...change }]])
  }

  function byMallory(): Partial<SignedTargets> {
    const { key, keyid } = pretendSigner('mallory')
    const bins = documentIn('acme').delegations?.succinct_roles
    assert.ok(bins)
    return {
      delegations: { keys: { [keyid]: key }, succinct_roles: { ...bins, keyids: [keyid] } },
    }
  }

  async function accept(
    documents: RoleDocuments,
    bins: () => number = () => 0,
  ): Promise<ReadonlyMap<string, Metadata<'targets'>>> {
    const delegator = parseMetadata('targets', fileOf('1.targets.json')).signed
    const held = new Map([['acme', parseMetadata('targets', fileOf('2.acme.json')).signed]])
    const files = new Map<string, Uint8Array>()
    for (const [role, one] of documents) files.set(role, await signMetadata(one, [acme]))
    const versionOf = (role: string): number => (role === 'acme' ? 2 : bins())
    return acceptPublication({ delegator, publisher: 'acme', held, versionOf, files, now })
  }

  function refresh() {
    const fetcher = pretendFetcher(catalogue.files)
    return refreshCatalogue({ store: pretendStore(), fetcher, now, firstRoot: catalogue.firstRoot })
  }

  function fileOf(name: string): Uint8Array {
    return catalogue.files.get(name) ?? new Uint8Array()
  }
})
