import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toUtf8 } from '@steadfleet/base'
import { refreshCatalogue } from '@steadfleet/trust'
import {
  makeTimestamp,
  nextVersion,
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
  pretendStore,
  publish,
  serveRoles,
  spreadAcme,
} from './testing/index.ts'

const now = new Date('2026-11-21T00:00:00Z')
const path = 'acme/greenhouse/3/amd64'
const foreign = 'bolt/lamp/1/amd64'

/** What whoever has the publisher's key, or the online ones, may try on a device that reads bins. */
describe('a device that reads a publisher’s bins', () => {
  test('finds no release in a bin that it does not fall into', async () => {
    const { catalogue, documents, home } = await binned()
    const other = [...documents.keys()].find(role => role !== 'acme' && role !== home) ?? ''
    const { targets = {} } = documents.get(home) ?? {}
    await serveRoles(catalogue, put(put(documents, home, {}), other, targets), now)
    assert.equal(await (await refresh(catalogue)).find(path), undefined)
  })

  test('finds no release of another publisher in a bin', async () => {
    const { catalogue, documents } = await binned()
    const acme = documents.get('acme')
    assert.ok(acme)
    const bin = roleFor('acme', acme, foreign)
    const lamp = { [foreign]: toTarget(toUtf8('lamp'), {}) }
    await serveRoles(catalogue, put(documents, bin, lamp), now)
    assert.equal(await (await refresh(catalogue)).find(foreign), undefined)
  })

  test('refuses a snapshot in which a bin is missing that it held', async () => {
    const { catalogue, documents, home } = await binned()
    await serveRoles(catalogue, documents, now)
    const store = pretendStore()
    assert.ok(await (await refresh(catalogue, store)).find(path))
    await resign(catalogue, ({ [`${home}.json`]: _, ...meta }) => meta)
    await assert.rejects(refresh(catalogue, store), { code: 'trust/rollback' })
  })

  test('refuses a snapshot in which a bin goes back', async () => {
    const { catalogue, documents, home } = await binned()
    await serveRoles(catalogue, documents, now)
    const again = [...documents].map(
      ([role, one]) => [role, nextVersion(one, 'publisher', now)] as const,
    )
    const older = catalogue.signed.snapshot.meta[`${home}.json`]
    await serveRoles(catalogue, new Map(again), now)
    const store = pretendStore()
    assert.ok(await (await refresh(catalogue, store)).find(path))
    await resign(catalogue, meta => ({ ...meta, ...(older && { [`${home}.json`]: older }) }))
    await assert.rejects(refresh(catalogue, store), { code: 'trust/rollback' })
  })

  test('refuses a bin that is not what the snapshot says', async () => {
    const { catalogue, documents, home } = await binned()
    await serveRoles(catalogue, documents, now)
    const { version = 0 } = documents.get(home) ?? {}
    catalogue.files.set(`${version}.${home}.json`, toUtf8('{}'))
    const trusted = await refresh(catalogue)
    await assert.rejects(trusted.find(path), { code: 'trust/mismatch' })
  })
})

async function binned() {
  const catalogue = await pretendCatalogue(now)
  await publish(catalogue, path, now)
  const documents = spreadAcme(catalogue, 4, now)
  const acme = documents.get('acme')
  assert.ok(acme)
  return { catalogue, documents, home: roleFor('acme', acme, path) }
}

function put(
  documents: RoleDocuments,
  role: string,
  targets: SignedTargets['targets'],
): RoleDocuments {
  const document = documents.get(role)
  assert.ok(document)
  return new Map([...documents, [role, { ...document, targets }]])
}

type Meta = PretendCatalogue['signed']['snapshot']['meta']

/** A next snapshot and timestamp by the thief of their keys. */
async function resign(catalogue: PretendCatalogue, change: (meta: Meta) => Meta): Promise<void> {
  const { files, signed, keys } = catalogue
  const next = nextVersion(signed.snapshot, 'snapshot', now)
  const snapshot = await signMetadata({ ...next, meta: change(next.meta) }, keys.snapshot)
  files.set(`${next.version}.snapshot.json`, snapshot)
  const timestamp = makeTimestamp(signed.timestamp.version + 9, snapshot, now)
  files.set('timestamp.json', await signMetadata(timestamp, keys.timestamp))
}

function refresh({ files, firstRoot }: PretendCatalogue, store = pretendStore()) {
  return refreshCatalogue({ store, fetcher: pretendFetcher(files), now, firstRoot })
}
