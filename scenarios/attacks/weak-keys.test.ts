import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  nextVersion,
  readSigned,
  signMetadata,
  signStatement,
} from '../../packages/authority/src/index.ts'
import { fromHex, isCoded, toBase64 } from '../../packages/base/src/index.ts'
import { programs } from '../../packages/cli/src/process/checkout.ts'
import { deviceIdOf } from '../../packages/domain/src/index.ts'
import {
  applyCatalogue,
  applyOwner,
  createEnrolmentToken,
  enrolDevice,
  getOwnerRoot,
} from '../../packages/protocol/src/index.ts'
import { secretIn } from '../../packages/server/src/testing/test-device.ts'
import { clientFor } from '../../packages/server/src/testing/transport.ts'
import {
  ed25519Key,
  keyIdOf,
  type PublicKey,
  payloadTypes,
  reopenOwnerRoot,
} from '../../packages/trust/src/index.ts'
import type { Environment } from '../besieged.ts'
import { whyNoPage } from '../page.ts'
import { Siege } from '../siege.ts'
import { pageOf } from './attack.ts'
import { mutateServer } from './mutant.ts'
import { copyPrepared, revisions } from './prepared.ts'
import { steadfleet } from './steadfleet.ts'
import { openVault, roleIn } from './vault.ts'

/** By raw public key: for the first, one signature of no secret would verify any message. */
const weak = {
  'of small order': `01${'00'.repeat(31)}`,
  'not canonical': `ee${'ff'.repeat(30)}7f`,
}

/** R is the identity and S is 0. */
const forged = new Uint8Array([1, ...new Uint8Array(63)])

/** A document that names keys: how it is drafted, and brought in force by a tool that looks at none. */
interface Document {
  readonly what: string
  readonly begin: string
  readonly key: string
  readonly putInForce: (
    siege: Siege,
    named: readonly [keyid: string, key: PublicKey],
  ) => Promise<unknown>
}

const documents: readonly Document[] = [
  {
    what: 'delegation to a publisher',
    begin: 'targets begin --add mole',
    key: weak['of small order'],
    putInForce: async ({ fleet }, [keyid, key]) => {
      const vault = openVault(fleet.home)
      const held = nextVersion(
        readSigned('targets', roleIn(vault, 'targets')),
        'targets',
        new Date(),
      )
      const { keys = {}, roles = [] } = held.delegations ?? {}
      const row = { keyids: [keyid], threshold: 1, paths: ['mole/*/*/*'], terminating: true }
      const delegations = {
        keys: { ...keys, [keyid]: key },
        roles: [...roles, { name: 'mole', ...row }],
      }
      const signers = vault.offline.targets.slice(0, 2)
      const targets = toBase64(await signMetadata({ ...held, delegations }, signers))
      return fleet.client.call(applyCatalogue, { body: { targets } })
    },
  },
  {
    what: 'owner root',
    begin: 'owner begin --add director',
    key: weak['not canonical'],
    putInForce: async ({ fleet }, [keyid, key]) => {
      const { client, home } = fleet
      const held = reopenOwnerRoot(await client.call(getOwnerRoot, { params: { version: '1' } }))
      const { keyids, threshold } = held.roles.director
      const director = { keyids: [...keyids, keyid], threshold }
      const keys = new Map([...held.keys, [keyid, key]])
      const next = { ...held, version: 2, keys, roles: { ...held.roles, director } }
      const signers = openVault(home).offline.owner.slice(0, 2)
      const { signatures, ...root } = await signStatement(payloadTypes.ownerRoot, next, signers)
      return client.call(applyOwner, { body: { root: { ...root, signatures: [...signatures] } } })
    },
  },
]

/** A key as documents write it, under its id. */
function named(raw: string): readonly [keyid: string, key: PublicKey] {
  const key = ed25519Key(fromHex(raw))
  return [keyIdOf(key), key]
}

/**
 * Refused where a key enters, in the server and in the tool that drafts. The second line is that no
 * signature by such a key is ever counted, neither by us nor by OpenSSL: so without the first a device
 * is not enrolled either, only told another reason, while a document that names the key comes in force.
 */
const without = {
  file: 'packages/trust/src/ed25519.ts',
  before: 'if (why === undefined) return\n',
  after: 'return\n',
}

describe('small-order and non-canonical keys', { concurrency: 2, skip: whyNoPage() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-weak-'))
  let careless: Environment
  before(async () => {
    careless = await mutateServer(without, folder)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  describe('with the check', () => {
    const stage = openStage(() => ({}))
    for (const [what, key] of Object.entries(weak)) {
      test(`no device enrols with one that is ${what}`, async () => {
        assert.equal(await enrol(stage.siege, key), 'trust/weak-key')
      })
    }
    for (const { what, begin, key, putInForce } of documents) {
      test(`no ${what} is drafted with one`, async () => {
        const { home } = stage.siege.fleet
        const { code } = await steadfleet(home, `${begin}=${pemOf(stage.siege, key)}`)
        assert.equal(code, 'trust/weak-key')
      })
      test(`no ${what} that names one comes in force, though its keys signed`, async () => {
        assert.equal(await codeOf(putInForce(stage.siege, named(key))), 'trust/weak-key')
      })
    }
    test('the device serves on, and takes the next honest release', async () => {
      const { siege } = stage
      const device = siege.device('defended')
      assert.equal(await device.page(), pageOf(revisions.held))
      await device.order(revisions.next)
      await device.runs(revisions.next)
    })
  })

  describe('without it', () => {
    const stage = openStage(() => careless)
    test('a device is refused by its signature alone', async () => {
      assert.equal(await enrol(stage.siege, weak['of small order']), 'request/bad-signature')
    })
    for (const { what, begin, key, putInForce } of documents) {
      test(`the ${what} is drafted with one`, async () => {
        const { home } = stage.siege.fleet
        const line = `${begin}=${pemOf(stage.siege, key)} --out weak-${key.slice(0, 2)}.draft`
        assert.equal((await steadfleet(home, line, careless)).code, undefined)
      })
      test(`the ${what} that names one comes in force`, async () => {
        assert.equal(await codeOf(putInForce(stage.siege, named(key))), undefined)
      })
    }
  })
})

/** A fleet whose server runs so, with one device that serves its page. */
function openStage(environmentOf: () => Environment): { siege: Siege } {
  const stage = {} as { siege: Siege }
  before(async () => {
    const { directory, devices } = await copyPrepared('none')
    const [first] = devices
    const sleepers = first ? [{ ...first, program: programs.builtAgent }] : []
    stage.siege = await Siege.resume(directory, sleepers, { serverEnvironment: environmentOf() })
    await stage.siege.device('defended').start()
    await stage.siege.device('defended').serves(revisions.held)
  })
  after(() => stage.siege?.close())
  return stage
}

/** Asks to enrol under a key that nobody has; yields the code of the refusal. */
async function enrol({ fleet }: Siege, publicKey: string): Promise<string | undefined> {
  const { home, client } = fleet
  const { token } = await client.call(createEnrolmentToken, {
    params: { fleet: home.fleet },
    body: {},
  })
  const signer = { keyid: deviceIdOf(fromHex(publicKey)), sign: async () => forged }
  const claim = { publicKey, name: 'mole', model: 'box', architecture: 'amd64' } as const
  const body = { token: secretIn(token), claim }
  return codeOf(clientFor(home.server, signer).call(enrolDevice, { body }))
}

/** RFC 8410 §4: a SubjectPublicKeyInfo as any tool would write it. */
function pemOf({ directory }: Siege, key: string): string {
  const file = join(directory, `weak-${key.slice(0, 2)}.pub`)
  const body = Buffer.from(`302a300506032b6570032100${key}`, 'hex').toString('base64')
  writeFileSync(file, `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`)
  return file
}

async function codeOf(asked: Promise<unknown>): Promise<string | undefined> {
  try {
    await asked
    return undefined
  } catch (error) {
    if (isCoded(error)) return error.code
    throw error
  }
}
