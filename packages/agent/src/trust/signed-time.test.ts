import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { signStatement } from '@steadfleet/authority'
import {
  pretendFirstFiles,
  pretendOrder,
  pretendOwner,
  pretendSigner,
} from '@steadfleet/authority/testing'
import { type Digest, toCanonical } from '@steadfleet/base'
import { type Envelope, envelopeDigest, parseEnvelopeBytes, payloadTypes } from '@steadfleet/trust'
import { pathsOf } from '../disk/paths.ts'
import type { Enrolment } from './enrolment.ts'
import { TrustState, writeFirstTrust } from './trust-state.ts'

const now = new Date('2026-11-21T00:00:00Z')
const century = new Date('2100-01-01T00:00:00Z')

test('a time to come that a stolen director signed is forgotten with that director', async () => {
  const root = await mkdtemp(join(tmpdir(), 'steadfleet-time-'))
  try {
    const paths = pathsOf(root)
    await mkdir(paths.trust)
    const first = await pretendOwner(1, now)
    const { files } = await pretendFirstFiles(now)
    await writeFirstTrust(paths, {
      catalogueRoot: files.get('catalogue/1.root.json') ?? new Uint8Array(),
      ownerRoot: toCanonical(first.envelope),
      policy: parseEnvelopeBytes(files.get('owner/1.policy.json') ?? new Uint8Array()),
    })
    const enrolment = enrolmentIn(envelopeDigest(first.envelope))
    const trust = await TrustState.open(paths, enrolment)
    const order = (counter: number, issued: Date, director: string): Promise<Envelope> => {
      const stated = { counter, issued, expires: new Date(issued.getTime() + 86_400_000) }
      const signers = [pretendSigner(director)]
      return signStatement(payloadTypes.order, pretendOrder(stated, now), signers)
    }
    await trust.takeOrder(await order(1, century, 'director'), now)
    assert.deepEqual(trust.time(now), century)

    const keys = { ...first.keys, director: pretendSigner('director-2') }
    await trust.takeOwnerRoot((await pretendOwner(2, now, keys)).envelope)
    assert.deepEqual(trust.time(now), now)
    const reopened = await TrustState.open(paths, enrolment)
    assert.deepEqual(reopened.time(now), now)

    const later = new Date(now.getTime() + 3_600_000)
    await reopened.takeOrder(await order(2, later, 'director-2'), now)
    assert.deepEqual((await TrustState.open(paths, enrolment)).time(now), later)
  } finally {
    await rm(root, { recursive: true })
  }
})

function enrolmentIn(ownerRoot: Digest): Enrolment {
  const { device, owner } = pretendOrder({}, now)
  return { device, owner, ownerRoot } as unknown as Enrolment
}
