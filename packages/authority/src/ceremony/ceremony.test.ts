import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { digestOf, fromHex, type JsonObject } from '@steadfleet/base'
import {
  ed25519Key,
  keyIdOf,
  parseEnvelopeBytes,
  parseMetadata,
  reopenOwnerRoot,
  reopenPolicy,
} from '@steadfleet/trust'
import {
  assembleDraft,
  type CatalogueSet,
  type Draft,
  type DraftSignature,
  draftOwner,
  draftRoot,
  draftTargets,
  type OwnerSet,
  parseDraft,
  parseSignature,
  type RoleChange,
  reviewDraft,
  signDraft,
  standingOf,
  toDraftText,
  toSignatureText,
} from '../index.ts'
import type { Signer } from '../signer.ts'
import { pretendCatalogue, publish } from '../testing/pretend-catalogue.ts'
import { pretendFirstFiles } from '../testing/pretend-owner.ts'
import { pretendSigner } from '../testing/pretend-store.ts'
import { acceptCatalogueStep, acceptOwnerStep, type CatalogueStep } from './step.ts'

const now = new Date('2026-11-21T00:00:00Z')
const newKey = pretendSigner('new')
const path = 'acme/greenhouse/1/amd64'

describe('a ceremony of a catalogue', () => {
  let held: CatalogueSet
  let revoked: string

  before(async () => {
    const catalogue = await pretendCatalogue(now)
    revoked = digestOf(await publish(catalogue, path, now))
    const file = (name: string) => catalogue.files.get(name) ?? new Uint8Array()
    held = {
      root: parseMetadata('root', file('1.root.json')),
      targets: parseMetadata('targets', file('1.targets.json')),
      roles: new Map([['acme', parseMetadata('targets', file('2.acme.json'))]]),
    }
  })

  const roots: [what: string, role: string, change: RoleChange, by: string[], code?: string][] = [
    ['one lost key replaced', 'root', replaced('root-3'), ['root-1', 'root-2']],
    ['one signature short', 'root', replaced('root-3'), ['root-1'], 'trust/threshold'],
    [
      'the new key and one old one',
      'root',
      replaced('root-3'),
      ['root-1', 'new'],
      'trust/threshold',
    ],
    [
      'a threshold of all',
      'root',
      { add: [], remove: [], threshold: 3 },
      ['root-1', 'root-2'],
      'trust/threshold',
    ],
    [
      'a threshold of all, by all',
      'root',
      { add: [], remove: [], threshold: 3 },
      ['root-1', 'root-2', 'root-3'],
    ],
    ['another timestamp key', 'timestamp', replaced('timestamp'), ['root-1', 'root-3']],
    [
      'another targets key that signs',
      'targets',
      replaced('targets-3'),
      ['root-1', 'root-2', 'targets-1', 'new'],
    ],
    ['targets unsigned', 'targets', replaced('targets-3'), ['root-1', 'root-2'], 'trust/threshold'],
    [
      'targets one signature short',
      'targets',
      replaced('targets-3'),
      ['root-1', 'root-2', 'targets-1'],
      'trust/threshold',
    ],
  ]
  for (const [what, role, change, by, code] of roots) {
    test(`a root with ${what} is ${code ?? 'accepted'}`, async () => {
      const draft = draftRoot(held, { roles: new Map([[role as 'root', change]]) }, now)
      const accept = () => acceptCatalogueStep(held, toStep(assembleDraft(draft, signed)), now)
      const signed = await signatures(draft, by)
      if (code !== undefined) assert.throws(accept, { code })
      else assert.equal(accept().root.signed.version, 2)
    })
  }

  const publishers: [
    what: string,
    change: Partial<Parameters<typeof draftTargets>[1]>,
    by: string[],
    code?: string,
  ][] = [
    [
      'another key of a publisher',
      { publishers: new Map([['acme', replaced('acme')]]) },
      ['targets-1', 'targets-2', 'new'],
    ],
    [
      'another key that has not signed',
      { publishers: new Map([['acme', replaced('acme')]]) },
      ['targets-1', 'targets-2'],
      'trust/threshold',
    ],
    [
      'a second publisher',
      { publishers: new Map([['bolt', { add: [newKey.key], remove: [] }]]) },
      ['targets-1', 'targets-2'],
    ],
    ['a publisher dismissed', { dismissed: ['acme'] }, ['targets-1', 'targets-2']],
    ['one signature', { dismissed: ['acme'] }, ['targets-1'], 'trust/threshold'],
  ]
  for (const [what, change, by, code] of publishers) {
    test(`targets with ${what} are ${code ?? 'accepted'}`, async () => {
      const draft = draftTargets(held, { ...nothing, ...change }, now)
      const signed = await signatures(draft, by)
      const accept = () => acceptCatalogueStep(held, toStep(assembleDraft(draft, signed)), now)
      if (code !== undefined) assert.throws(accept, { code })
      else assert.equal(accept().targets.signed.version, 2)
    })
  }

  test('a revoked digest leaves its publisher’s role, and never comes back', async () => {
    const draft = draftTargets(held, { ...nothing, revoked: [revoked] }, now)
    const signed = await signatures(draft, ['targets-1', 'targets-2', 'acme'])
    const files = assembleDraft(draft, signed)
    const after = acceptCatalogueStep(held, toStep(files), now)
    assert.deepEqual([...(after.roles.get('acme')?.signed.targets.keys() ?? [])], [])
    const alone = { targets: files.get('targets') ?? new Uint8Array(), roles: new Map() }
    assert.throws(() => acceptCatalogueStep(held, alone, now), { code: 'authority/revoked' })
    const next = draftTargets(after, nothing, now)
    assert.deepEqual(next.documents[0]?.content.revoked, [revoked])
  })

  for (const kind of ['root', 'targets'] as const) {
    test(`${kind} that name a weak key, which no tool of ours would draft, are refused`, async () => {
      const drafted =
        kind === 'root'
          ? draftRoot(held, { roles: new Map() }, now)
          : draftTargets(held, nothing, now)
      const draft = { ...drafted, documents: drafted.documents.map(withWeakKey) }
      const files = assembleDraft(draft, await signatures(draft, [`${kind}-1`, `${kind}-2`]))
      const accept = () => acceptCatalogueStep(held, toStep(files), now)
      assert.throws(accept, { code: 'trust/weak-key' })
    })
  }

  test('a file goes out, another comes back, and both say what they are', async () => {
    const draft = draftRoot(held, { roles: new Map([['root', replaced('root-3')]]) }, now)
    const sent = parseDraft(Buffer.from(toDraftText(draft)))
    const back = await signDraft(sent, pretendSigner('root-1'))
    const read = parseSignature(Buffer.from(toSignatureText(back)))
    const [old, next] = standingOf(draft, [read])
    assert.deepEqual([old?.by, old?.threshold, old?.signed.length], ['root 1', 2, 1])
    assert.deepEqual([next?.by, next?.threshold, next?.signed.length], ['root 2', 2, 1])
    assert.ok(next?.waiting.includes(newKey.keyid) && !old?.waiting.includes(newKey.keyid))
  })

  const foreign: [what: string, act: (draft: Draft) => unknown, code: string][] = [
    [
      'a key that nobody asks',
      draft => signDraft(draft, pretendSigner('stranger')),
      'authority/not-asked',
    ],
    [
      'a signature of another draft',
      async draft =>
        standingOf(
          draft,
          await signatures(draftRoot(held, { roles: new Map(), days: 9 }, now), ['root-1']),
        ),
      'authority/draft',
    ],
    [
      'what is no draft',
      () => parseDraft(Buffer.from('{"type":"draft","format":2}')),
      'authority/draft',
    ],
    [
      'what is no signature',
      () => parseSignature(Buffer.from('{"type":"draft","format":1}')),
      'authority/draft',
    ],
  ]
  for (const [what, act, code] of foreign) {
    test(`${what} is refused`, async () => {
      const draft = draftRoot(held, { roles: new Map() }, now)
      await assert.rejects(async () => act(draft), { code })
    })
  }

  test('a signature that does not hold counts for nothing', async () => {
    const draft = draftRoot(held, { roles: new Map() }, now)
    const good = await signDraft(draft, pretendSigner('root-1'))
    const bad: DraftSignature = { ...good, signatures: new Map([['root', '00'.repeat(64)]]) }
    assert.deepEqual(standingOf(draft, [bad])[0]?.signed, [])
    const other = { ...good, keyid: pretendSigner('root-2').keyid }
    assert.deepEqual(standingOf(draft, [good, other])[0]?.signed.length, 1)
  })

  test('the review tells every change, and nothing else', () => {
    const roles = new Map([['timestamp', { ...replaced('timestamp') }]] as const)
    const [review] = reviewDraft(draftRoot(held, { roles, days: 30 }, now))
    assert.deepEqual([review?.document, review?.from, review?.to], ['root', 1, 2])
    const [old, next] = [pretendSigner('timestamp').keyid, newKey.keyid]
    const keyid = (id: string) => `roles.timestamp.keyids[${id}]`
    assert.deepEqual(
      new Set(review?.changes.map(change => Object.values(change).join(' '))),
      new Set([
        'expires 2028-11-20T00:00:00Z 2026-12-21T00:00:00Z',
        `${keyid(old)} ${old}`,
        `${keyid(next)} ${next}`,
        'version 1 2',
      ]),
    )
  })

  const impossible: [what: string, draft: () => unknown, code: string][] = [
    [
      'a threshold above the keys',
      () =>
        draftRoot(held, { roles: new Map([['root', { add: [], remove: [], threshold: 4 }]]) }, now),
      'authority/threshold',
    ],
    [
      'a key removed that is not there',
      () =>
        draftRoot(held, { roles: new Map([['root', { add: [], remove: ['0123456789'] }]]) }, now),
      'authority/key',
    ],
    [
      'a key named by too little',
      () => draftRoot(held, { roles: new Map([['root', { add: [], remove: ['01'] }]]) }, now),
      'authority/key',
    ],
    [
      'nobody dismissed',
      () => draftTargets(held, { ...nothing, dismissed: ['bolt'] }, now),
      'authority/publisher',
    ],
    [
      'a publisher without a key',
      () =>
        draftTargets(
          held,
          { ...nothing, publishers: new Map([['bolt', { add: [], remove: [] }]]) },
          now,
        ),
      'authority/threshold',
    ],
  ]
  for (const [what, draft, code] of impossible) {
    test(`there is no draft with ${what}`, () => {
      assert.throws(draft, { code })
    })
  }
})

describe('a ceremony of an owner', () => {
  let held: OwnerSet & { readonly rootFile: ReturnType<typeof parseEnvelopeBytes> }

  before(async () => {
    const { files, owner } = await pretendFirstFiles(now)
    const envelope = (name: string) => parseEnvelopeBytes(files.get(name) ?? new Uint8Array())
    const [rootFile, policy] = [
      envelope('owner/1.owner-root.json'),
      envelope('owner/1.policy.json'),
    ]
    held = {
      owner,
      root: reopenOwnerRoot(rootFile),
      rootFile,
      policy,
      policySigned: reopenPolicy(policy),
    }
  })

  const all = ['owner-1', 'owner-2', 'owner-3']
  const rows: [
    what: string,
    change: Partial<Parameters<typeof draftOwner>[1]>,
    by: string[],
    versions: [number, number] | string,
  ][] = [
    [
      'another director',
      { roles: new Map([['director', replaced('director')]]) },
      ['owner-1', 'owner-2'],
      [2, 2],
    ],
    [
      'a lost key replaced',
      { roles: new Map([['root', replaced('owner-1')]]) },
      ['owner-2', 'owner-3'],
      [2, 2],
    ],
    [
      'one signature',
      { roles: new Map([['root', replaced('owner-1')]]) },
      ['owner-2', 'new'],
      'trust/threshold',
    ],
    [
      'a publisher refused',
      { policy: [{ place: ['catalogue', 'acme', 'refused'], member: 'acme', isThere: true }] },
      ['owner-1', 'owner-3'],
      [1, 2],
    ],
    ['nothing but time', {}, all, [2, 2]],
  ]
  for (const [what, change, by, versions] of rows) {
    test(`with ${what} it comes to ${versions}`, async () => {
      const files = { root: held.rootFile, policy: held.policy }
      const draft = draftOwner(files, { roles: new Map(), policy: [], ...change }, now)
      const made = assembleDraft(draft, await signatures(draft, by))
      const [root, policy] = ['owner-root', 'policy'].map(name => made.get(name))
      const step = {
        ...(root && { root: parseEnvelopeBytes(root) }),
        ...(policy && { policy: parseEnvelopeBytes(policy) }),
      }
      const accept = () => acceptOwnerStep(held, step, now)
      if (typeof versions === 'string') return assert.throws(accept, { code: versions })
      const after = accept()
      assert.deepEqual([after.root.version, after.policySigned.version], versions)
    })
  }

  test('a policy that its new root has not signed does not stay', async () => {
    const files = { root: held.rootFile, policy: held.policy }
    const change = { add: [1, 2, 3].map(i => pretendSigner(`heir-${i}`).key), remove: idsOf(all) }
    const draft = draftOwner(files, { roles: new Map([['root', change]]), policy: [] }, now)
    const by = [...all, 'heir-1', 'heir-2']
    const root = assembleDraft(draft, await signatures(draft, by)).get('owner-root')
    const step = { root: parseEnvelopeBytes(root ?? new Uint8Array()) }
    assert.throws(() => acceptOwnerStep(held, step, now), { code: 'trust/threshold' })
  })

  test('no catalogue is changed that the policy does not follow', () => {
    const files = { root: held.rootFile, policy: held.policy }
    const change = { place: ['catalogue', 'bolt', 'allowed'], member: 'x', isThere: true } as const
    assert.throws(() => draftOwner(files, { roles: new Map(), policy: [change] }, now), {
      code: 'authority/publisher',
    })
  })
})

const nothing = { publishers: new Map<string, RoleChange>(), dismissed: [], revoked: [] }

/** Among the keys of a document, for no role at all: the identity of the curve. */
function withWeakKey(document: Draft['documents'][number]): Draft['documents'][number] {
  const key = ed25519Key(fromHex(`01${'00'.repeat(31)}`))
  const { keys: own, delegations } = document.content as { keys?: object; delegations?: object }
  const place = own ? document.content : (delegations as JsonObject)
  const grown = { ...place, keys: { ...(place.keys as JsonObject), [keyIdOf(key)]: { ...key } } }
  const content = own ? grown : { ...document.content, delegations: grown }
  return { ...document, content: content as unknown as JsonObject }
}

function replaced(name: string): RoleChange {
  return { add: [newKey.key], remove: idsOf([name]) }
}

function idsOf(names: readonly string[]): string[] {
  return names.map(name => pretendSigner(name).keyid.slice(0, 12))
}

function signatures(draft: Draft, names: readonly string[]): Promise<DraftSignature[]> {
  const signers: Signer[] = names.map(name => pretendSigner(name))
  return Promise.all(signers.map(signer => signDraft(draft, signer)))
}

function toStep(files: ReadonlyMap<string, Uint8Array>): CatalogueStep {
  const [root, targets] = [files.get('root'), files.get('targets')]
  const roles = [...files].flatMap(([name, file]): [string, Uint8Array][] =>
    name.startsWith('role/') ? [[name.slice(5), file]] : [],
  )
  return { ...(root && { root }), ...(targets && { targets }), roles: new Map(roles) }
}
