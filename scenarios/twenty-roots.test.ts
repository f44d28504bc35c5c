import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  draftOwner,
  draftRoot,
  type RoleChange,
  type Signer,
  signerFromPem,
  signerFromSeed,
} from '../packages/authority/src/index.ts'
import { makeOnlineKey } from '../packages/protocol/src/index.ts'
import {
  catalogueIn,
  ownerAt,
  putCatalogue,
  putOwner,
  signedBy,
} from '../packages/server/src/testing/ceremonies.ts'
import { keyIdOf, ownerRole, reopenOwnerRoot, topRole } from '../packages/trust/src/index.ts'
import { whyNoPage } from './page.ts'
import { Siege } from './siege.ts'

const rotations = 20

describe('a device that slept', { skip: whyNoPage() }, () => {
  let siege: Siege
  before(async () => {
    siege = await Siege.open(['sleeper'])
  })
  after(() => siege.close())

  test(`through ${rotations} rotations of both roots takes what is ordered when it wakes`, async () => {
    const sleeper = siege.device('sleeper')
    await sleeper.agent().stop(10_000)
    let roots = keysOf(siege, 'catalogue-root')
    let owners = keysOf(siege, 'owner')
    for (let round = 1; round <= rotations; round += 1) {
      roots = await rotateRoot(siege, roots, round)
      owners = await rotateOwner(siege, owners, round)
    }
    await siege.publishPage(2)
    await sleeper.order(2)
    assert.match(await sleeper.page(), /^revision 1\n/)
    await sleeper.start()
    await sleeper.runs(2)
  })
})

/** All three root keys are new each time, and so are the online ones. */
async function rotateRoot(siege: Siege, held: Signer[], round: number): Promise<Signer[]> {
  const { client, home } = siege.fleet
  const next = newKeys('root', round)
  const catalogue = await catalogueIn(join(home.directory, 'server'))
  const changes = new Map<'root' | 'snapshot' | 'timestamp', RoleChange>([
    ['root', { add: next.map(({ key }) => key), remove: held.map(({ keyid }) => keyid) }],
  ])
  for (const role of ['snapshot', 'timestamp'] as const) {
    const { key } = await client.call(makeOnlineKey, { params: { role } })
    const remove = topRole(catalogue.root.signed, role).keys.map(keyIdOf)
    changes.set(role, { add: [key], remove })
  }
  const draft = draftRoot(catalogue, { roles: changes }, new Date())
  const { root } = await putCatalogue(client, await signedBy(draft, [...held, ...next]))
  assert.equal(root, round + 1)
  return next
}

async function rotateOwner(siege: Siege, held: Signer[], round: number): Promise<Signer[]> {
  const { client } = siege.fleet
  const next = newKeys('owner', round)
  const files = await ownerAt(client, round)
  const { key } = await client.call(makeOnlineKey, { params: { role: 'director' } })
  const directors = ownerRole(reopenOwnerRoot(files.root), 'director').keys
  const roles = new Map<'root' | 'director', RoleChange>([
    ['root', { add: next.map(one => one.key), remove: held.map(({ keyid }) => keyid) }],
    ['director', { add: [key], remove: directors.map(keyIdOf) }],
  ])
  const draft = draftOwner(files, { roles, policy: [] }, new Date())
  const { root } = await putOwner(client, await signedBy(draft, [...held, ...next]))
  assert.equal(root, round + 1)
  return next
}

function newKeys(role: string, round: number): Signer[] {
  return [1, 2, 3].map(number =>
    signerFromSeed(Buffer.from(`${role} ${number} of round ${round}`.padEnd(32))),
  )
}

function keysOf({ fleet }: Siege, role: string): Signer[] {
  return [1, 2, 3].map(number =>
    signerFromPem(
      readFileSync(join(fleet.home.directory, 'offline', `${role}-${number}.pem`), 'utf8'),
    ),
  )
}
