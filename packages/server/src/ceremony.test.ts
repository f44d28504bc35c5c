import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  draftOwner,
  draftRoot,
  draftTargets,
  type Signer,
  signerFromPem,
  signerFromSeed,
} from '@steadfleet/authority'
import { digestOf, toBase64 } from '@steadfleet/base'
import { listRoles, makeOnlineKey } from '@steadfleet/protocol'
import { keyIdOf } from '@steadfleet/trust'
import { catalogueIn, ownerAt, putCatalogue, putOwner, signedBy } from './testing/ceremonies.ts'
import type { TestDevice } from './testing/test-device.ts'
import { follow, moveStable, openTestFleet, type TestFleet } from './testing/test-fleet.ts'
import { makeRelease, nextRole } from './testing/test-release.ts'

describe('the offline documents of a fleet', { concurrency: false }, () => {
  let it: TestFleet
  let keys: Record<'root' | 'targets' | 'owner', Signer[]>
  const now = new Date()
  const stranger = signerFromSeed(new Uint8Array(32).fill(9))

  before(async () => {
    it = await openTestFleet()
    const { catalogueRoot, targets, owner } = it.seeds
    const [root, ...rest] = [catalogueRoot, targets, owner].map(seeds => seeds.map(signerFromSeed))
    keys = { root: root ?? [], targets: rest[0] ?? [], owner: rest[1] ?? [] }
  })
  after(() => it[Symbol.asyncDispose]())

  test('are all told, and none alarms', async () => {
    const roles = await it.operator.call(listRoles, {})
    const told = roles.map(({ catalogue, role }) => `${catalogue ?? 'owner'}/${role}`)
    for (const role of ['owner/owner-root', 'owner/policy', 'acme/root', 'acme/timestamp']) {
      assert.ok(told.includes(role), role)
    }
    assert.deepEqual(
      roles.filter(({ alarm }) => alarm > 0),
      [],
    )
  })

  test('are told to nobody unknown', async () => {
    await assert.rejects(it.anyone.call(listRoles, {}), { code: 'request/not-signed-in' })
  })

  test('a root that one key signed is refused, and nothing of it stays', async () => {
    const held = await catalogueIn(it.data)
    const draft = draftRoot(held, { roles: new Map() }, now)
    const offered = putCatalogue(it.operator, await signedBy(draft, keys.root.slice(0, 1)))
    await assert.rejects(offered, { code: 'trust/threshold' })
    assert.equal((await catalogueIn(it.data)).root.signed.version, 1)
  })

  test('a root that names a key which the signer has not is refused', async () => {
    const held = await catalogueIn(it.data)
    const change = { add: [stranger.key], remove: idsOf(held.root.signed.roles.timestamp) }
    const draft = draftRoot(held, { roles: new Map([['timestamp', change]]) }, now)
    const offered = putCatalogue(it.operator, await signedBy(draft, keys.root))
    await assert.rejects(offered, { code: 'signer/not-named' })
    assert.deepEqual(versionsIn('root'), [1])
  })

  test('a root that would leave the targets unsigned is refused', async () => {
    const held = await catalogueIn(it.data)
    const change = { add: [stranger.key], remove: idsOf(held.root.signed.roles.targets) }
    const alone = { ...change, threshold: 1 }
    const draft = draftRoot(held, { roles: new Map([['targets', alone]]) }, now)
    const files = await signedBy(draft, keys.root)
    files.delete('targets')
    await assert.rejects(putCatalogue(it.operator, files), { code: 'trust/threshold' })
  })

  test('a next root comes into force, and coming again changes nothing', async () => {
    const draft = draftRoot(await catalogueIn(it.data), { roles: new Map() }, now)
    const files = await signedBy(draft, keys.root.slice(1))
    const first = await putCatalogue(it.operator, files)
    assert.deepEqual(first, { root: 2, targets: 1, snapshot: 2 })
    assert.deepEqual(await putCatalogue(it.operator, files), first)
  })

  test('a root that leaps, and one that goes back, are refused', async () => {
    const held = await catalogueIn(it.data)
    const [document] = draftRoot(held, { roles: new Map() }, now).documents
    for (const [version, code] of [
      [9, 'trust/fast-forward'],
      [1, 'trust/rollback'],
    ] as const) {
      const documents = document ? [{ ...document, content: { ...document.content, version } }] : []
      const draft = { documents, held: new Map([['root', held.root.bytes]]) }
      const offered = putCatalogue(it.operator, await signedBy(draft, keys.root))
      await assert.rejects(offered, { code })
    }
  })

  test('a power cut between the files of a step leaves none of them out', async () => {
    const { key } = await it.operator.call(makeOnlineKey, { params: { role: 'timestamp' } })
    const held = await catalogueIn(it.data)
    const change = { add: [key], remove: idsOf(held.root.signed.roles.timestamp) }
    const draft = draftRoot(held, { roles: new Map([['timestamp', change]]) }, now)
    const root = (await signedBy(draft, keys.root)).get('root') ?? new Uint8Array()
    // As the server writes it before the first file of a step.
    const intent = JSON.stringify({ '3.root.json': toBase64(root) })
    await it.killAndRestart(async () => writeFileSync(join(it.data, 'catalogue', 'intent'), intent))
    assert.deepEqual(versionsIn('root'), [1, 2, 3])
    assert.ok(!readdirSync(join(it.data, 'catalogue')).includes('intent'))
    const pem = readFileSync(join(it.data, 'signer', 'timestamp.pem'), 'utf8')
    assert.equal(signerFromPem(pem).keyid, keyIdOf(key))
    const { timestamp } = await catalogueIn(it.data)
    assert.deepEqual(
      timestamp.signatures.map(({ keyid }) => keyid),
      [keyIdOf(key)],
    )
  })

  test('a publisher comes and goes', async () => {
    const came = {
      ...nothing,
      publishers: new Map([['bolt', { add: [stranger.key], remove: [] }]]),
    }
    const first = draftTargets(await catalogueIn(it.data), came, now)
    const applied = await putCatalogue(it.operator, await signedBy(first, keys.targets))
    assert.equal(applied.targets, 2)
    const gone = { ...nothing, dismissed: ['bolt'] }
    const second = draftTargets(await catalogueIn(it.data), gone, now)
    await putCatalogue(it.operator, await signedBy(second, keys.targets))
    const { delegations } = (await catalogueIn(it.data)).targets.signed
    assert.deepEqual(
      delegations?.roles?.map(({ name }) => name),
      ['acme'],
    )
  })

  test('a policy that forgets its root’s keys is refused with it', async () => {
    const held = await ownerAt(it.operator, 1)
    const change = { add: [stranger.key], remove: keys.owner.map(({ keyid }) => keyid) }
    const roles = new Map([['root', { ...change, threshold: 1 }]] as const)
    const draft = draftOwner(held, { roles, policy: [] }, now)
    const files = await signedBy(draft, [...keys.owner, stranger])
    files.delete('policy')
    await assert.rejects(putOwner(it.operator, files), { code: 'trust/threshold' })
  })

  test('a new director signs every order anew', async () => {
    await it.publish({ revision: 1 })
    await follow(it.operator)
    const device = await it.join({})
    await moveStable(it.operator, 1)
    const before = await orderFor(device, 0)
    const { key } = await it.operator.call(makeOnlineKey, { params: { role: 'director' } })
    const director = signerFromSeed(it.seeds.director)
    const roles = new Map([['director', { add: [key], remove: [director.keyid] }]] as const)
    const draft = draftOwner(await ownerAt(it.operator, 1), { roles, policy: [] }, now)
    const applied = await putOwner(it.operator, await signedBy(draft, keys.owner))
    assert.deepEqual(applied, { root: 2, policy: 2 })
    const after = await orderFor(device, before.counter)
    assert.deepEqual(after.signers, [keyIdOf(key)])
    assert.deepEqual(before.signers, [director.keyid])
  })

  test('a release that was revoked is ordered no more', async () => {
    const { recordBytes } = await it.publish({ revision: 2 })
    const held = await catalogueIn(it.data)
    const draft = draftTargets(held, { ...nothing, revoked: [digestOf(recordBytes)] }, now)
    const signers = [...keys.targets, it.keys.publisher]
    await putCatalogue(it.operator, await signedBy(draft, signers))
    await assert.rejects(moveStable(it.operator, 2), { code: 'release/withdrawn' })
  })

  test('a step that would bring a release past its publication is refused', async () => {
    const release = await makeRelease({ revision: 3 })
    const held = await catalogueIn(it.data)
    const role = await nextRole(await it.role(), [release], it.keys.publisher, now)
    const came = {
      ...nothing,
      publishers: new Map([['bolt', { add: [stranger.key], remove: [] }]]),
    }
    const files = await signedBy(draftTargets(held, came, now), keys.targets)
    const offered = putCatalogue(it.operator, files.set('role/acme', role))
    await assert.rejects(offered, { code: 'release/unpublished' })
  })

  function versionsIn(role: string): number[] {
    const names = readdirSync(join(it.data, 'catalogue'))
    const versions = names.flatMap(name => {
      const [version, of] = name.split('.')
      return of === role ? [Number(version)] : []
    })
    return versions.sort((a, b) => a - b)
  }
})

const nothing = { publishers: new Map(), dismissed: [], revoked: [] }

function idsOf({ keyids }: { readonly keyids: readonly string[] }): string[] {
  return [...keyids]
}

/** The next order above a counter, which the server signs after whoever caused it was answered. */
async function orderFor(device: TestDevice, above: number) {
  for (let tries = 0; tries < 2000; tries += 1) {
    const { order } = await device.checkIn({ counter: above })
    if (!order) continue
    const { counter } = JSON.parse(Buffer.from(order.payload, 'base64').toString())
    return { counter: Number(counter), signers: order.signatures.map(({ keyid }) => keyid) }
  }
  throw new Error(`no order above ${above} comes`)
}
