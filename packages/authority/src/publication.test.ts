import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toUtf8 } from '@steadfleet/base'
import { parseMetadata } from '@steadfleet/trust'
import {
  acceptPublication,
  nextVersion,
  type SignedTargets,
  signMetadata,
  toTarget,
} from './index.ts'
import { pretendCatalogue, pretendSigner, publish } from './testing/index.ts'

const now = new Date('2026-11-21T00:00:00Z')
const later = new Date('2027-11-21T00:00:00Z')
const path = 'acme/greenhouse/3/amd64'
const target = toTarget(toUtf8('content'), {})
const bySha512 = { ...target, hashes: { sha512: 'a'.repeat(128) } } as unknown as typeof target

const rows: {
  name: string
  edit: (held: SignedTargets) => SignedTargets
  signer?: string
  role?: string
  at?: Date
  code?: string
}[] = [
  {
    name: 'with one more release',
    edit: held => withTargets(held, { 'acme/new/1/arm64': target }),
  },
  {
    name: 'that names a release by its SHA-512 alone',
    edit: held => withTargets(held, { 'acme/new/1/arm64': bySha512 }),
    code: 'trust/malformed',
  },
  { name: 'of the same version', edit: held => ({ ...held, version: 2 }), code: 'trust/rollback' },
  { name: 'two versions on', edit: held => ({ ...held, version: 4 }), code: 'trust/fast-forward' },
  { name: 'signed by a stranger', edit: held => held, signer: 'mallory', code: 'trust/threshold' },
  {
    name: 'outside its name space',
    edit: held => withTargets(held, { 'other/thing/1/amd64': target }),
    code: 'trust/not-delegated',
  },
  {
    name: 'deeper than its name space',
    edit: held => withTargets(held, { 'acme/thing/1/amd64/x': target }),
    code: 'trust/not-delegated',
  },
  {
    name: 'that changes a release',
    edit: held => withTargets(held, { [path]: target }),
    code: 'trust/changed-release',
  },
  {
    name: 'that takes a release back',
    edit: held => ({ ...held, targets: {} }),
    code: 'trust/changed-release',
  },
  { name: 'to a role of nobody', edit: held => held, role: 'ghost', code: 'trust/not-delegated' },
  { name: 'that has expired', edit: held => held, at: later, code: 'trust/expired' },
]

describe('a publication', () => {
  for (const { name, edit, signer, role, at, code } of rows) {
    test(`${name} is ${code ? `refused with ${code}` : 'taken'}`, async () => {
      const catalogue = await pretendCatalogue(now)
      await publish(catalogue, path, now)
      const held = parseMetadata('targets', fileOf(catalogue.files, '2.acme.json')).signed
      const delegator = parseMetadata('targets', fileOf(catalogue.files, '1.targets.json')).signed
      const signed = edit(nextVersion(catalogue.signed.acme, 'publisher', now))
      const bytes = await signMetadata(signed, [pretendSigner(signer ?? 'acme')])
      const publisher = role ?? 'acme'
      const accept = () =>
        acceptPublication({
          ...{ delegator, publisher, now: at ?? now },
          held: new Map([['acme', held]]),
          files: new Map([[publisher, bytes]]),
        })
      if (code) assert.throws(accept, { code })
      else assert.equal(accept().get('acme')?.signed.version, 3)
    })
  }
})

test('a changed release is refused by both digests', async () => {
  const catalogue = await pretendCatalogue(now)
  await publish(catalogue, path, now)
  const held = parseMetadata('targets', fileOf(catalogue.files, '2.acme.json')).signed
  const delegator = parseMetadata('targets', fileOf(catalogue.files, '1.targets.json')).signed
  const signed = withTargets(nextVersion(catalogue.signed.acme, 'publisher', now), {
    [path]: target,
  })
  const bytes = await signMetadata(signed, [pretendSigner('acme')])
  const accept = () =>
    acceptPublication({
      ...{ delegator, publisher: 'acme', now },
      held: new Map([['acme', held]]),
      files: new Map([['acme', bytes]]),
    })
  assert.throws(accept, error => {
    const { details } = error as { details: Record<string, string> }
    assert.equal(details.offered, `sha256:${target.hashes.sha256}`)
    assert.match(details.held ?? '', /^sha256:/)
    return true
  })
})

function withTargets(signed: SignedTargets, more: SignedTargets['targets']): SignedTargets {
  return { ...signed, targets: { ...signed.targets, ...more } }
}

function fileOf(files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  return files.get(name) ?? new Uint8Array()
}
