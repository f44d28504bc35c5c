import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  makeDelegatedRole,
  makePolicy,
  makeRoot,
  makeTargets,
  type Signer,
  signerFromSeed,
  signMetadata,
  signStatement,
} from '@steadfleet/authority'
import { pretendSigner } from '@steadfleet/authority/testing'
import { digestOf, toBase64 } from '@steadfleet/base'
import { parsePublisherName } from '@steadfleet/domain'
import {
  applyCatalogueIn,
  followCatalogue,
  getFileOfCatalogue,
  getPolicy,
  listCatalogues,
  listReleases,
  makeCatalogue,
  makeCatalogueKeys,
  publishRoleIn,
  putPolicy,
} from '@steadfleet/protocol'
import {
  parseEnvelope,
  payloadTypes,
  publicKey,
  reopenPolicy,
  type TrustPolicy,
} from '@steadfleet/trust'
import { openTestFleet, type TestFleet } from '../testing/test-fleet.ts'
import { makeRelease, nextRole, upload } from '../testing/test-release.ts'
import { toEnvelopeView } from '../views/envelope.ts'

const garden = parsePublisherName('garden')
const grower = parsePublisherName('grower')
const key = pretendSigner('grower')
const roots = ['r1', 'r2', 'r3'].map(pretendSigner)
const offline = ['t1', 't2', 't3'].map(pretendSigner)
const now = () => new Date()

describe('a further catalogue of one’s own', { concurrency: false }, () => {
  let it: TestFleet
  before(async () => {
    it = await openTestFleet()
  })
  after(() => it[Symbol.asyncDispose]())

  test('is not made of files that its root did not sign', async () => {
    const files = await firstFiles(it)
    const strange = await signMetadata(makeTargets(1, [], now()), [key])
    const body = { ...files, targets: toBase64(strange) }
    const made = it.operator.call(makeCatalogue, { params: { catalogue: garden }, body })
    await assert.rejects(made, { code: 'trust/threshold' })
  })

  test('is made of signed files, with online keys that the signer keeps', async () => {
    const body = await firstFiles(it)
    const made = await it.operator.call(makeCatalogue, { params: { catalogue: garden }, body })
    assert.deepEqual([made.name, made.origin, made.publishers], ['garden', null, ['grower']])
    const keys = await readdir(join(it.data, 'signer/catalogues/garden'))
    assert.deepEqual(keys.sort(), ['snapshot.pem', 'timestamp.pem'])
    const { body: file } = await it.anyone.open(getFileOfCatalogue, rootOf(garden))
    assert.equal(toBase64(await bytesOf(file)), body.root)
  })

  test('is made once', async () => {
    const params = { catalogue: garden }
    await assert.rejects(it.operator.call(makeCatalogueKeys, { params }), {
      code: 'catalogue/exists',
    })
    const first = { catalogue: parsePublisherName('acme') }
    await assert.rejects(it.operator.call(makeCatalogueKeys, { params: first }), {
      code: 'catalogue/exists',
    })
  })

  test('takes another’s package from its publisher once it was delegated, and not before', async () => {
    const release = await makeRelease({ package: 'bolt/lamp', revision: 2 })
    await upload(it.operator, release.bundle)
    const publish = async () => {
      const held = new Uint8Array(await readFile(join(it.data, 'catalogues/garden/1.grower.json')))
      const body = await nextRole(held, [release], key, now())
      const params = { catalogue: garden, role: grower }
      return it.operator.call(publishRoleIn, { params, body })
    }
    await assert.rejects(publish(), { code: 'release/outside-name-space' })
    const adopting = { ...publisherRow(), adopted: ['bolt/lamp'] }
    const targets = toBase64(await signMetadata(makeTargets(2, [adopting], now()), offline))
    const params = { catalogue: garden }
    await it.operator.call(applyCatalogueIn, { params, body: { targets } })
    assert.deepEqual((await publish()).published, ['bolt/lamp/2/amd64'])
  })

  test('is there after a cut of power, and so is what it holds', async () => {
    await it.killAndRestart()
    const names = (await it.operator.call(listCatalogues, {})).map(({ name }) => name)
    assert.deepEqual(names, ['acme', 'garden'])
    const releases = await it.operator.call(listReleases, { query: {} })
    assert.deepEqual(
      releases.map(one => `${one.package} ${one.revision}`),
      ['bolt/lamp 2'],
    )
  })
})

describe('another party’s catalogue', { concurrency: false }, () => {
  let maker: TestFleet
  let owner: TestFleet
  const bolt = parsePublisherName('bolt')
  before(async () => {
    maker = await openTestFleet()
    owner = await openTestFleet()
    await maker.publish({ revision: 1 })
  })
  after(async () => {
    await maker[Symbol.asyncDispose]()
    await owner[Symbol.asyncDispose]()
  })

  const rootFile = async () => readFile(join(maker.data, 'catalogue/1.root.json'))
  const follow = async (root: ReturnType<typeof digestOf>) => {
    const body = { origin: maker.origin(), name: parsePublisherName('acme'), root }
    return owner.operator.call(followCatalogue, { params: { catalogue: bolt }, body })
  }

  test('is not followed under another root than was said', async () => {
    await assert.rejects(follow(digestOf(new Uint8Array())), { code: 'trust/first-root' })
    assert.equal((await owner.operator.call(listCatalogues, {})).length, 1)
  })

  test('is mirrored, and offers nothing before the policy lets it', async () => {
    const root = digestOf(await rootFile())
    const view = await follow(root)
    assert.deepEqual([view.name, view.root, view.publishers], ['bolt', root, ['acme']])
    assert.deepEqual(await owner.operator.call(listReleases, { query: {} }), [])
  })

  test('offers its releases once the owner’s policy names it', async () => {
    const root = digestOf(await rootFile())
    await changePolicy(owner, held => {
      const named = { name: 'bolt', root, allowed: ['acme'], refused: [] }
      return { ...held, catalogues: [...held.catalogues, named] }
    })
    const releases = await owner.operator.call(listReleases, { query: {} })
    assert.deepEqual(
      releases.map(one => one.package),
      ['acme/greenhouse'],
    )
  })

  test('is not added to', async () => {
    const params = { catalogue: bolt, role: grower }
    const body = await signMetadata(makeDelegatedRole(1, {}, now()), [key])
    const code = 'catalogue/mirrored'
    await assert.rejects(owner.operator.call(publishRoleIn, { params, body }), { code })
  })

  test('stays as it is when its server is gone', async () => {
    const root = digestOf(await rootFile())
    await maker.server().end('SIGKILL')
    await assert.rejects(follow(root), { code: 'catalogue/unreachable' })
    await owner.killAndRestart()
    const names = (await owner.operator.call(listCatalogues, {})).map(({ name }) => name)
    assert.deepEqual(names, ['acme', 'bolt'])
    await owner.anyone.open(getFileOfCatalogue, rootOf(bolt))
  })
})

function rootOf(catalogue: typeof garden) {
  return { params: { catalogue, file: '1.root.json' } }
}

function publisherRow() {
  return { name: 'grower', keys: [key.key], threshold: 1 }
}

async function firstFiles({ operator }: TestFleet) {
  const online = await operator.call(makeCatalogueKeys, { params: { catalogue: garden } })
  const one = (held: unknown) => ({ keys: [publicKey(held as never, 'key')], threshold: 1 })
  const three = (signers: readonly Signer[]) => ({
    keys: signers.map(signer => signer.key),
    threshold: 2,
  })
  const roles = {
    root: three(roots),
    targets: three(offline),
    snapshot: one(online.snapshot),
    timestamp: one(online.timestamp),
  }
  const root = await signMetadata(makeRoot(1, roles, now()), roots)
  const targets = await signMetadata(makeTargets(1, [publisherRow()], now()), offline)
  const role = await signMetadata(makeDelegatedRole(1, {}, now()), [key])
  return {
    root: toBase64(root),
    targets: toBase64(targets),
    roles: { grower: toBase64(role) },
  }
}

/** Puts the next policy in force, by the owner's own keys. */
async function changePolicy(
  { operator, seeds }: TestFleet,
  change: (held: TrustPolicy) => TrustPolicy,
): Promise<void> {
  const held = reopenPolicy(parseEnvelope({ ...(await operator.call(getPolicy, {})) }))
  const next = makePolicy(change({ ...held, version: held.version + 1 }), now())
  const signers = seeds.owner.map(signerFromSeed)
  const envelope = await signStatement(payloadTypes.policy, next, signers)
  await operator.call(putPolicy, { body: toEnvelopeView(envelope) })
}

async function bytesOf(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
