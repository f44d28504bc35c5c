import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  growLog,
  type LogKeeper,
  proveLogged,
  signerFromPem,
  toLogProofText,
} from '../../packages/authority/src/index.ts'
import { pretendTiles } from '../../packages/authority/src/testing/index.ts'
import { digestOf, fromBase64, toHex, toUtf8 } from '../../packages/base/src/index.ts'
import {
  chosenLog,
  isConsistent,
  type LogLeaf,
  type LogPolicy,
  leafHash,
  openCheckpoint,
  toLeaf,
} from '../../packages/trust/src/index.ts'
import { type Rule, send } from '../proxy.ts'
import type { Row, Scene } from './attack.ts'
import type { Forged } from './forge.ts'
import { strike } from './thief.ts'
import type { Vault } from './vault.ts'

/** The thief has acme's key and every online one, the log's too; his log has so many leaves. */
export function strikeWithLog(size: number): Row['strike'] {
  return scene => {
    const { acme } = scene.vault.offline
    return strike(scene, { acme, rule: forged => falseLog(scene, forged, size) })
  }
}

/**
 * Proves a forged release from a history of its own, signed with the log's stolen key: one of so many
 * leaves, of which the release is the last. No witness is asked, for the fleet's policy names none.
 */
async function falseLog({ siege, vault }: Scene, forged: Forged, size: number): Promise<Rule> {
  const keeper = openThiefsLog(join(siege.fleet.home.directory, 'server/signer'))
  const leaf = leafOf(vault, forged)
  const others = Array.from({ length: size - 1 }, (_, i) => toUtf8(`another ${i}`))
  const { note } = await growLog(keeper, [...others, leaf])
  const path = `GET /v1/log/proofs/${toHex(leafHash(leaf))}`
  return asked => {
    if (!asked.startsWith(path)) return undefined
    return async ({ reply }) => {
      const held = Number(/held=(\d+)/.exec(asked)?.[1] ?? 0)
      const proof = await proveLogged(keeper.store, note, size - 1, held > size ? 0 : held)
      send(reply, { status: 200, headers: {}, body: Buffer.from(toLogProofText(proof)) })
    }
  }
}

/** Both notes are told, and the log's key is all that it takes to see that they are of two histories. */
export const tellsBothNotes: NonNullable<Row['tells']> = ({ details }, { siege }) => {
  const { key } = readLogPolicy(siege)
  const [older, newer] = [details?.heldNote, details?.offeredNote]
    .map(note => openCheckpoint(key, String(note)))
    .sort((a, b) => a.size - b.size)
  assert.ok(older && newer)
  const told = String(details?.consistency).split(',').filter(Boolean)
  assert.equal(isConsistent(older, newer, told.map(fromBase64)), false)
}

function readLogPolicy({ fleet }: Scene['siege']): LogPolicy {
  const text = readFileSync(join(fleet.home.directory, 'log-policy.json'), 'utf8')
  const policy = chosenLog(JSON.parse(text))
  if (policy) return policy
  throw new RangeError('the fleet follows no log')
}

function openThiefsLog(signer: string): LogKeeper {
  return {
    store: pretendTiles(),
    origin: readFileSync(join(signer, 'log.origin'), 'utf8').trim(),
    signer: signerFromPem(readFileSync(join(signer, 'log.pem'), 'utf8')),
  }
}

function leafOf({ catalogue }: Vault, { named, digest }: Forged): Uint8Array {
  return toLeaf({
    type: 'release',
    catalogue: digestOf(readFileSync(join(catalogue, '1.root.json'))),
    path: named.path as Extract<LogLeaf, { type: 'release' }>['path'],
    digest,
    length: named.target.length,
  })
}
