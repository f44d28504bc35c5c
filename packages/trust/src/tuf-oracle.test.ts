import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, mock, test } from 'node:test'
import type { Signer } from '@steadfleet/authority'
import {
  attacks,
  type PretendCatalogue,
  pretendCatalogue,
  pretendFetcher,
  pretendSigner,
  pretendStore,
  publish,
  rotateRoot,
  serveRoles,
  spreadAcme,
  threeSigners,
} from '@steadfleet/authority/testing'
import { digestOf, toHexDigest, toUtf8 } from '@steadfleet/base'
import {
  Key,
  Metadata,
  MetaFile,
  Root,
  Signature,
  Snapshot,
  Targets,
  Timestamp,
} from '@tufjs/models'
import { Updater } from 'tuf-js'
import { refreshCatalogue } from './index.ts'

const now = new Date('2026-11-21T00:00:00Z')
const path = 'acme/greenhouse/3/amd64'

describe('tuf-js, the oracle,', () => {
  let server: Server
  let served: ReadonlyMap<string, Uint8Array> = new Map()
  let folder: string

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'steadfleet-oracle-'))
    server = createServer((request, response) => {
      const file = served.get((request.url ?? '').slice(1))
      response.writeHead(file ? 200 : 404).end(file)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    mock.timers.enable({ apis: ['Date'], now })
  })
  after(() => {
    mock.timers.reset()
    server.closeAllConnections()
    server.close()
    rmSync(folder, { recursive: true })
  })

  test('reads our catalogue, through a rotated root, to the same release', async () => {
    const catalogue = await pretendCatalogue(now)
    const home = newHome(catalogue)
    await rotateRoot(catalogue, { root: threeSigners('second root') }, now)
    const content = await publish(catalogue, path, now)
    served = catalogue.files
    const found = await updater(home).getTargetInfo(path)
    assert.equal(found?.length, content.length)
    assert.equal(found?.hashes.sha256, toHexDigest(digestOf(content)))
    assert.equal(await updater(home).getTargetInfo('other/thing/1/amd64'), undefined)
  })

  test('reads our catalogue whose publisher has its releases in bins, and no bin but the one', async () => {
    const catalogue = await pretendCatalogue(now)
    const home = newHome(catalogue)
    const content = await publish(catalogue, path, now)
    await serveRoles(catalogue, spreadAcme(catalogue, 6, now), now)
    served = catalogue.files
    const found = await updater(home).getTargetInfo(path)
    assert.equal(found?.hashes.sha256, toHexDigest(digestOf(content)))
    const bins = readdirSync(home).filter(name => name.startsWith('acme.bin-'))
    assert.equal(bins.length, 1)
    const ours = { store: pretendStore(), now, firstRoot: catalogue.firstRoot }
    const trusted = await refreshCatalogue({ ...ours, fetcher: pretendFetcher(served) })
    assert.equal(`${(await trusted.find(path))?.role}.json`, bins[0])
  })

  for (const { name, strike } of attacks.filter(attack => !attack.isOurs)) {
    test(`refuses ${name.replaceAll('-', ' ')} as we do`, async () => {
      const catalogue = await pretendCatalogue(now)
      const home = newHome(catalogue)
      await publish(catalogue, path, now)
      served = catalogue.files
      assert.ok(await updater(home).getTargetInfo(path))
      await strike(catalogue, now)
      await assert.rejects(updater(home).getTargetInfo('acme/greenhouse/9/amd64'))
    })
  }

  test('goes back once timestamp and snapshot are torn, where our floors do not', async () => {
    const catalogue = await pretendCatalogue(now)
    const home = newHome(catalogue)
    const older = new Map(catalogue.files)
    await publish(catalogue, path, now)
    served = catalogue.files
    assert.ok(await updater(home).getTargetInfo(path))
    const store = pretendStore()
    const { firstRoot } = catalogue
    const ours = { store, now, firstRoot, name: 'acme' }
    const { floors } = await refreshCatalogue({ ...ours, fetcher: pretendFetcher(catalogue.files) })
    const torn = ['timestamp.json', 'snapshot.json']
    for (const name of torn) writeFileSync(join(home, name), '{"signed"')
    await store.commit(new Map(torn.map(name => [name, toUtf8('{"signed"')])))
    served = older
    assert.equal(await updater(home).getTargetInfo(path), undefined)
    const goingBack = refreshCatalogue({ ...ours, floors, fetcher: pretendFetcher(older) })
    await assert.rejects(goingBack, { code: 'trust/rollback' })
  })

  function newHome({ files }: PretendCatalogue): string {
    const home = mkdtempSync(join(folder, 'client-'))
    writeFileSync(join(home, 'root.json'), files.get('1.root.json') ?? '')
    return home
  }

  function updater(metadataDir: string): Updater {
    const { port } = server.address() as AddressInfo
    return new Updater({ metadataDir, metadataBaseUrl: `http://127.0.0.1:${port}` })
  }
})

test('a catalogue written with @tufjs/models is read by our client', async () => {
  const { files, firstRoot } = await modelCatalogue()
  const fetcher = pretendFetcher(files)
  const trusted = await refreshCatalogue({ store: pretendStore(), fetcher, now, firstRoot })
  const found = await trusted.find(path)
  assert.equal(found?.digest, digestOf(toUtf8('content')))
  assert.equal(found?.role, 'acme')
  assert.equal(await trusted.find('other/thing/1/amd64'), undefined)
})

/** A repository that shares no line of code with `authority` but the signature itself. */
async function modelCatalogue() {
  const [root, targets, acme, online] = ['root', 'targets', 'acme', 'online'].map(pretendSigner)
  assert.ok(root && targets && acme && online)
  const head = { version: 1, specVersion: '1.0.31', expires: '2027-01-01T00:00:00Z' }
  const roles = { root, targets, snapshot: online, timestamp: online }
  const keys = Object.values(roles).map(one => [one.keyid, toModelKey(one).toJSON()])
  const rows = Object.entries(roles).map(([name, { keyid }]) => [
    name,
    { keyids: [keyid], threshold: 1 },
  ])
  const signedRoot = Root.fromJSON({
    ...{ _type: 'root', version: 1, spec_version: '1.0.31', expires: head.expires },
    consistent_snapshot: true,
    keys: Object.fromEntries(keys),
    roles: Object.fromEntries(rows),
  })
  const signedTargets = Targets.fromJSON({
    ...{ _type: 'targets', version: 1, spec_version: '1.0.31', expires: head.expires },
    targets: {},
    delegations: {
      keys: { [acme.keyid]: toModelKey(acme).toJSON() },
      roles: [
        {
          name: 'acme',
          keyids: [acme.keyid],
          threshold: 1,
          terminating: true,
          paths: ['acme/*/*/*'],
        },
      ],
    },
  })
  const hashes = { sha256: toHexDigest(digestOf(toUtf8('content'))) }
  const signedAcme = Targets.fromJSON({
    ...{ _type: 'targets', version: 1, spec_version: '1.0.31', expires: head.expires },
    targets: { [path]: { length: 7, hashes, custom: { revision: 3 } } },
  })
  const files = new Map([
    ['1.root.json', await sealed(signedRoot, root)],
    ['1.targets.json', await sealed(signedTargets, targets)],
    ['1.acme.json', await sealed(signedAcme, acme)],
  ])
  const meta = {
    'targets.json': metaOf(files, '1.targets.json'),
    'acme.json': metaOf(files, '1.acme.json'),
  }
  files.set('1.snapshot.json', await sealed(new Snapshot({ ...head, meta }), online))
  const snapshotMeta = metaOf(files, '1.snapshot.json')
  files.set('timestamp.json', await sealed(new Timestamp({ ...head, snapshotMeta }), online))
  return { files, firstRoot: digestOf(files.get('1.root.json') ?? new Uint8Array()) }
}

async function sealed<T extends Root | Targets | Snapshot | Timestamp>(
  signed: T,
  signer: Signer,
): Promise<Uint8Array> {
  const metadata = new Metadata<T>(signed)
  const messages: Buffer[] = []
  const placeholder = new Signature({ keyID: signer.keyid, sig: '' })
  metadata.sign(message => {
    messages.push(message)
    return placeholder
  })
  const sig = Buffer.from(await signer.sign(messages[0] ?? new Uint8Array())).toString('hex')
  const { signed: body } = metadata.toJSON()
  // Indented on purpose: the file need not be canonical, only what is signed of it.
  const signatures = [{ keyid: signer.keyid, sig }]
  return toUtf8(JSON.stringify({ signatures, signed: body } as object, null, 2))
}

function metaOf(files: ReadonlyMap<string, Uint8Array>, name: string): MetaFile {
  const bytes = files.get(name) ?? new Uint8Array()
  const hashes = { sha256: toHexDigest(digestOf(bytes)) }
  return new MetaFile({ version: 1, length: bytes.length, hashes })
}

function toModelKey({ key, keyid }: Signer): Key {
  const keyVal = { public: key.keyval.public }
  return new Key({ keyID: keyid, keyType: key.keytype, scheme: key.scheme, keyVal })
}
