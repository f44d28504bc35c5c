import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import {
  makeTargets,
  makeTimestamp,
  nextSnapshot,
  readSigned,
  type Signer,
  signerFromPem,
  signerFromSeed,
  signMetadata,
} from '@steadfleet/authority'
import { makeClient, type Transport } from '@steadfleet/protocol'
import { publisherKey } from '../fleet/home.ts'
import { initFleet, type Made } from '../fleet/init.ts'
import { heldRole } from './role.ts'

const now = new Date('2026-11-21T00:00:00Z')

describe('the role that a publisher adds to', () => {
  let made: Made
  let key: Signer
  beforeEach(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'steadfleet-role-'))
    const names = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
    const server = 'http://127.0.0.1:1'
    made = await initFleet(
      directory,
      { ...names, server, keys: 'unencrypted' },
      { now: () => now, random: randomBytes },
    )
    key = await publisherKey(made.home)
  })
  afterEach(() => rmSync(made.home.directory, { recursive: true, force: true }))

  const held = async () => (await heldRole(made.home, clientOf(made), now)).signed

  test('is the one in the catalogue, with what it has so far', async () => {
    const role = await held()
    assert.equal(role.version, 1)
    assert.deepEqual(Object.keys(role.targets), [made.model])
  })

  test('is refused where the server signed a release into it', async () => {
    // The server holds the snapshot and timestamp keys, so it can name any file it likes.
    await serve(made, 2, signerFromSeed(randomBytes(32)))
    await assert.rejects(held(), { code: 'trust/threshold' })
  })

  test('is refused where the server went back to an earlier one', async () => {
    const before = catalogueOf(made)
    await serve(made, 2, key)
    assert.equal((await held()).version, 2)
    for (const [name, bytes] of before) writeFileSync(catalogueFile(made, name), bytes)
    await assert.rejects(held(), { code: 'trust/rollback' })
  })

  test('may have expired: the next version of it is what is signed now', async () => {
    await held()
    const late = new Date(now.getTime() + 200 * 86_400_000)
    await serve(made, 2, key, late)
    const { signed } = await heldRole(made.home, clientOf(made), late)
    assert.equal(signed.version, 2)
  })

  test('of a publisher who is new is empty; of one whom nobody delegates to there is none', async () => {
    const bolt = { ...made.home, publisher: 'bolt' as typeof made.home.publisher }
    await assert.rejects(heldRole(bolt, clientOf(made), now), { code: 'cli/not-found' })
    const targets = makeTargets(2, [{ name: 'bolt', keys: [key.key], threshold: 1 }], now)
    const signers = [1, 2].map(number => offlineKey(made, `targets-${number}`))
    await put(made, 'targets', await signMetadata(targets, signers), now)
    const { signed } = await heldRole(bolt, clientOf(made), now)
    assert.deepEqual([signed.version, signed.targets], [0, {}])
  })
})

/** Publishes version `version` of the role by whoever signs it, with a fresh snapshot and timestamp. */
async function serve(made: Made, version: number, signer: Signer, when = now): Promise<void> {
  const role = readSigned('targets', read(made, '1.acme.json'))
  await put(made, 'acme', await signMetadata({ ...role, version }, [signer]), when)
}

async function put(made: Made, name: string, bytes: Uint8Array, when: Date): Promise<void> {
  const { version } = readSigned('targets', bytes)
  const files = new Map([[name, bytes]])
  const snapshot = nextSnapshot(readSigned('snapshot', read(made, '1.snapshot.json')), files, when)
  const snapshotBytes = await signMetadata(snapshot, [onlineKey(made, 'snapshot')])
  const timestamp = makeTimestamp(version, snapshotBytes, when)
  writeFileSync(catalogueFile(made, `${version}.${name}.json`), bytes)
  writeFileSync(catalogueFile(made, `${snapshot.version}.snapshot.json`), snapshotBytes)
  const timestampBytes = await signMetadata(timestamp, [onlineKey(made, 'timestamp')])
  writeFileSync(catalogueFile(made, 'timestamp.json'), timestampBytes)
}

function catalogueOf(made: Made): [string, Uint8Array][] {
  return ['timestamp.json', '1.snapshot.json'].map(name => [name, read(made, name)])
}

function onlineKey({ server }: Made, name: string): Signer {
  return signerFromPem(readFileSync(join(server, 'signer', `${name}.pem`), 'utf8'))
}

function offlineKey({ offline }: Made, name: string): Signer {
  return signerFromPem(readFileSync(join(offline, `${name}.pem`), 'utf8'))
}

function read(made: Made, name: string): Uint8Array {
  return readFileSync(catalogueFile(made, name))
}

function catalogueFile({ server }: Made, name: string): string {
  return join(server, 'catalogue', name)
}

/** A server that hands out the files of the catalogue, and nothing else. */
function clientOf(made: Made) {
  const transport: Transport = async ({ url }) => {
    const file = catalogueFile(made, url.split('/').at(-1) ?? '')
    const status = existsSync(file) ? 200 : 404
    const bytes = status === 200 ? readFileSync(file) : Buffer.from('{}')
    return {
      status,
      headers: {},
      body: (async function* () {
        yield new Uint8Array(bytes)
      })(),
    }
  }
  return makeClient({ origin: made.home.server, transport })
}
