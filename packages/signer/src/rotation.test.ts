import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  makeOwnerRoot,
  makeRoot,
  type Signer,
  signerFromPem,
  signerFromSeed,
  signMetadata,
  signStatement,
  toEnvelopeBytes,
  toPkcs8Pem,
} from '@steadfleet/authority'
import { keyIdOf, type PublicKey, payloadTypes } from '@steadfleet/trust'
import { type Keyring, openKeyring } from './keyring.ts'

const now = new Date()
const offline = signerFromSeed(seedOf(9))
const other = signerFromSeed(seedOf(8))
const online = {
  snapshot: signerFromSeed(seedOf(1)),
  timestamp: signerFromSeed(seedOf(2)),
  director: signerFromSeed(seedOf(3)),
}

describe('the keys of the signer, while a root renews them', { concurrency: false }, () => {
  let folder: string
  let keyring: Keyring
  let next: PublicKey

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'steadfleet-keyring-'))
    for (const name of ['catalogue', 'owner']) await mkdir(join(folder, name))
    for (const [role, seed] of [1, 2, 3].map(byte => seedOf(byte)).entries()) {
      const name = ['snapshot', 'timestamp', 'director'][role]
      await writeFile(join(folder, `${name}.pem`), toPkcs8Pem(seed), { mode: 0o600 })
    }
    await putRoot(1, online.timestamp.key, [offline])
    await putOwner(1, online.director.key)
    keyring = await openKeyring(folder, folder)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('a new key is made, kept for its owner alone, and signs nothing yet', async () => {
    const first = await keyring.makeNext('timestamp')
    next = await keyring.makeNext('timestamp')
    assert.notDeepEqual(first, next)
    assert.deepEqual(ids('timestamp'), [online.timestamp.keyid])
  })

  test('a root that is not signed by the one before it is no root', async () => {
    const root = await rootFile(2, next, [other])
    assert.throws(() => keyring.offer(root), { code: 'trust/threshold' })
    assert.deepEqual(ids('timestamp'), [online.timestamp.keyid])
  })

  test('a root that names a key that is not here is refused', async () => {
    const root = await rootFile(2, other.key, [offline])
    assert.throws(() => keyring.offer(root), { code: 'signer/not-named' })
  })

  test('while a root is on its way, the keys of both sign', async () => {
    keyring.offer(await rootFile(2, next, [offline]))
    assert.deepEqual(ids('timestamp'), [online.timestamp.keyid, keyIdOf(next)])
    assert.deepEqual(ids('snapshot'), [online.snapshot.keyid])
  })

  test('a root that came to nothing takes its key with it', async () => {
    await keyring.look()
    assert.deepEqual(ids('timestamp'), [online.timestamp.keyid])
  })

  test('once it is in force the new key alone signs, and the old one is gone', async () => {
    await putRoot(2, next, [offline])
    await keyring.look()
    assert.deepEqual(ids('timestamp'), [keyIdOf(next)])
    const kept = signerFromPem(await readFile(join(folder, 'timestamp.pem'), 'utf8'))
    assert.equal(kept.keyid, keyIdOf(next))
    assert.ok(!existsSync(join(folder, 'timestamp.next.pem')))
  })

  test('a start finds what a crash left: the root came, the key still waits', async () => {
    const director = await keyring.makeNext('director')
    await putOwner(2, director)
    keyring = await openKeyring(folder, folder)
    assert.deepEqual(ids('director'), [keyIdOf(director)])
  })

  test('a key that the root no longer names never signs', async () => {
    await putRoot(3, other.key, [offline])
    await keyring.look()
    assert.throws(() => keyring.signersOf('timestamp'), { code: 'signer/not-named' })
    assert.deepEqual(ids('snapshot'), [online.snapshot.keyid])
  })

  test('a folder without roots gives no key to sign with', async () => {
    const empty = join(folder, 'empty')
    await assert.rejects(openKeyring(folder, empty), { code: 'signer/roots' })
  })

  function ids(role: 'snapshot' | 'timestamp' | 'director'): (string | undefined)[] {
    return keyring.signersOf(role).map(signer => signer?.keyid)
  }

  async function putRoot(version: number, timestamp: PublicKey, by: Signer[]): Promise<void> {
    const file = await rootFile(version, timestamp, by)
    await writeFile(join(folder, 'catalogue', `${version}.root.json`), file)
  }

  async function putOwner(version: number, director: PublicKey): Promise<void> {
    const roles = { root: only(offline.key), director: only(director) }
    const root = makeOwnerRoot(version, roles, now)
    const sealed = await signStatement(payloadTypes.ownerRoot, root, [offline])
    const path = join(folder, 'owner', `${version}.owner-root.json`)
    await writeFile(path, toEnvelopeBytes(sealed))
  }
})

function rootFile(version: number, timestamp: PublicKey, by: Signer[]): Promise<Uint8Array> {
  const roles = {
    root: only(offline.key),
    targets: only(offline.key),
    snapshot: only(online.snapshot.key),
    timestamp: only(timestamp),
  }
  return signMetadata(makeRoot(version, roles, now), by)
}

function only(key: PublicKey) {
  return { keys: [key], threshold: 1 }
}

function seedOf(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte)
}
