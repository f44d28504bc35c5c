import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  addRelease,
  makeDelegatedRole,
  makeModel,
  makePolicy,
  makeSnapshot,
  makeTargets,
  modelTarget,
  nextSnapshot,
  nextVersion,
  signMetadata,
  toStatementBytes,
  toTarget,
} from '@steadfleet/authority'
import {
  freshen,
  type PretendCatalogue,
  pretendCatalogue,
  pretendFetcher,
  pretendNames,
  pretendOrder,
  pretendOrdered,
  pretendSigner,
  pretendStore,
  publish,
  seal,
  stamp,
} from '@steadfleet/authority/testing'
import { digestOf, type JsonObject, toUtf8 } from '@steadfleet/base'
import {
  type Agreement,
  agree,
  type Catalogue,
  findAllowed,
  type OrderedRelease,
  openModel,
  refreshCatalogue,
  refuseOtherContent,
  TrustError,
} from './index.ts'

const now = new Date('2026-11-21T00:00:00Z')
const path = 'acme/greenhouse/3/amd64'
const content = toUtf8(`record of ${path}`)
const record = { digest: digestOf(content), length: content.length }
const good = pretendOrdered(record)
const model = makeModel(pretendNames.model)
/** What the catalogue says of the release. */
const whole = { package: 'acme/greenhouse', revision: 3, architecture: 'amd64', version: '3.0' }

test('an order that all agree on yields its releases, and grants under the ceiling', async () => {
  const agreed = await agree(await agreement())
  assert.deepEqual(agreed, [
    { ordered: good, path, role: 'acme', record, grants: ['network', 'network-listen'] },
  ])
})

test('grants above the ceiling do not count', async () => {
  const ceiling = new Map([['network', ['acme/other']]])
  const base = await agreement()
  const [release] = await agree({ ...base, policy: { ...base.policy, ceiling } })
  assert.deepEqual(release?.grants, [])
})

test('an earlier revision at its floor is normal', async () => {
  await agree({ ...(await agreement()), floors: new Map([['package/acme/greenhouse', 3]]) })
})

describe('an order is refused', () => {
  const ordered: { why: string; stated: Partial<OrderedRelease>; code: string }[] = [
    {
      why: 'of another length',
      stated: { record: { ...record, length: 99 } },
      code: 'trust/length-mismatch',
    },
    {
      why: 'of another digest',
      stated: { record: { ...record, digest: digestOf(toUtf8('other')) } },
      code: 'trust/digest-mismatch',
    },
    { why: 'of a revision nobody published', stated: { revision: 4 }, code: 'trust/not-published' },
    {
      why: 'for another architecture',
      stated: { architecture: 'arm64' },
      code: 'trust/architecture-mismatch',
    },
    { why: 'from an unknown catalogue', stated: { catalogue: 'evil' }, code: 'trust/not-allowed' },
  ]
  for (const { why, stated, code } of ordered) {
    test(`${why}, with ${code}`, async () => {
      const releases = [{ ...good, ...stated }]
      await assert.rejects(agree(await agreement({ releases })), { code })
    })
  }

  const custom = whole
  const published: { field: string; said: JsonObject; code: string }[] = [
    { field: 'package', said: { ...custom, package: 'acme/x' }, code: 'trust/package-mismatch' },
    { field: 'revision', said: { ...custom, revision: 2 }, code: 'trust/revision-mismatch' },
    {
      field: 'architecture',
      said: { ...custom, architecture: 'arm64' },
      code: 'trust/architecture-mismatch',
    },
    { field: 'package', said: {}, code: 'trust/package-mismatch' },
  ]
  for (const { field, said, code } of published) {
    test(`when the publisher says ${field} ${said[field] ?? 'nowhere'}, with ${code}`, async () => {
      const catalogue = await pretendCatalogue(now)
      await republish(catalogue, 'acme', said)
      const base = await agreement()
      const catalogues = new Map([['acme', await refresh(catalogue)]])
      await assert.rejects(agree({ ...base, catalogues }), { code })
    })
  }

  test('when the catalogue itself signed the release, with trust/not-delegated', async () => {
    const catalogue = await pretendCatalogue(now)
    await republish(catalogue, 'targets', custom)
    const base = await agreement()
    const catalogues = new Map([['acme', await refresh(catalogue)]])
    await assert.rejects(agree({ ...base, catalogues }), { code: 'trust/not-delegated' })
  })

  const around: { why: string; changed: Partial<Agreement>; code: string }[] = [
    {
      why: 'below the floor of its package',
      changed: { floors: new Map([['package/acme/greenhouse', 4]]) },
      code: 'trust/below-floor',
    },
    {
      why: 'below the floor of its model',
      changed: { floors: new Map([['package/acme/greenhouse-box', 2]]) },
      code: 'trust/below-floor',
    },
    {
      why: 'on a device of another architecture',
      changed: { architecture: 'arm64' },
      code: 'trust/architecture-mismatch',
    },
    {
      why: 'where the model does not know the architecture',
      changed: { model: { ...model, architectures: ['arm64'] } },
      code: 'trust/architecture-mismatch',
    },
    {
      why: 'of another model revision',
      changed: { model: { ...model, revision: 2 } },
      code: 'trust/wrong-model',
    },
    {
      why: 'of a model that the device is not',
      changed: { expectedModel: 'acme/other-box' },
      code: 'trust/wrong-model',
    },
    {
      why: 'without a required package',
      changed: { model: { ...model, required: ['acme/greenhouse', 'acme/guard'] } },
      code: 'trust/required-package',
    },
    {
      why: 'of no catalogue at hand',
      changed: { catalogues: new Map() },
      code: 'trust/not-allowed',
    },
  ]
  for (const { why, changed, code } of around) {
    test(`${why}, with ${code}`, async () => {
      await assert.rejects(agree({ ...(await agreement()), ...changed }), { code })
    })
  }

  for (const [allowed, refused] of [
    [['other'], []],
    [['*'], ['acme']],
    [[], []],
  ]) {
    test(`when the policy allows ${allowed} and refuses ${refused}`, async () => {
      const base = await agreement()
      const policy = { ...base.policy, catalogues: catalogueRows(allowed ?? [], refused ?? []) }
      await assert.rejects(agree({ ...base, policy }), { code: 'trust/not-allowed' })
    })
  }
})

test('a model whose publisher does not count is not looked for, with trust/not-allowed', async () => {
  const base = await agreement()
  const code = 'trust/not-allowed'
  await assert.rejects(findAllowed(base, 'acme', 'evil/box/1/all'), { code })
})

describe('a package that the owner’s publisher adopted', () => {
  const runs = new Set([record.digest])
  const rows: {
    why: string
    from?: string
    stated?: Partial<OrderedRelease>
    changed?: (base: Agreement) => Partial<Agreement>
    code?: string
  }[] = [
    { why: 'from where it was adopted to' },
    { why: 'from its old catalogue', from: 'acme', code: 'trust/not-allowed' },
    {
      why: 'from its old catalogue, where it runs already',
      from: 'acme',
      changed: () => ({ running: runs }),
    },
    {
      why: 'from its old catalogue, which is gone, where it runs already',
      from: 'acme',
      changed: ({ catalogues }) => ({
        running: runs,
        catalogues: new Map([...catalogues, ['acme', dead]]),
      }),
    },
    {
      why: 'from its old catalogue, where another record runs',
      from: 'acme',
      changed: () => ({ running: new Set([digestOf(toUtf8('other'))]) }),
      code: 'trust/not-allowed',
    },
    {
      why: 'when its old publisher is refused',
      changed: ({ policy }) => ({
        policy: {
          ...policy,
          catalogues: policy.catalogues.map(one => ({ ...one, refused: ['acme'] })),
        },
      }),
    },
    {
      why: 'when its new publisher is refused',
      changed: ({ policy }) => ({
        policy: {
          ...policy,
          catalogues: policy.catalogues.map(one => ({ ...one, refused: ['garden'] })),
        },
      }),
      code: 'trust/not-allowed',
    },
    {
      why: 'by another role of the new catalogue',
      changed: ({ policy }) => ({ policy: { ...policy, adoptions: [adoption('other', 3)] } }),
      code: 'trust/not-allowed',
    },
    {
      why: 'below the floor that it was adopted at',
      changed: ({ policy }) => ({ policy: { ...policy, adoptions: [adoption('garden', 4)] } }),
      code: 'trust/below-floor',
    },
    {
      why: 'below the floor that the device has',
      changed: () => ({ floors: new Map([['package/acme/greenhouse', 5]]) }),
      code: 'trust/below-floor',
    },
  ]
  for (const { why, from = 'own', stated, changed, code } of rows) {
    test(`${why} is ${code === undefined ? 'agreed on' : `refused, with ${code}`}`, async () => {
      const base = await adopted({ ...good, catalogue: from, ...stated })
      const result = agree({ ...base, ...changed?.(base) })
      if (code !== undefined) return assert.rejects(result, { code })
      assert.deepEqual(
        (await result).map(({ path }) => path),
        [path],
      )
    })
  }
})

describe('a catalogue that is gone', () => {
  test('stops nothing that runs', async () => {
    const base = { ...(await agreement()), catalogues: new Map([['acme', dead]]) }
    const [kept] = await agree({ ...base, running: new Set([record.digest]) })
    assert.deepEqual([kept?.path, kept?.role], [path, undefined])
  })

  test('says so of what would be new', async () => {
    const base = { ...(await agreement()), catalogues: new Map([['acme', dead]]) }
    await assert.rejects(agree(base), { code: 'trust/expired' })
  })
})

describe('a publisher whom the owner refuses', () => {
  const refusals = {
    'by name': catalogueRows(['acme'], ['acme']),
    'by allowing others': catalogueRows(['other'], []),
    'by following its catalogue no more': [],
  }
  for (const [how, catalogues] of Object.entries(refusals)) {
    test(`${how}, loses nothing that runs`, async () => {
      const base = await agreement()
      const policy = { ...base.policy, catalogues }
      const running = new Set([record.digest])
      const [kept] = await agree({ ...base, policy, running })
      assert.deepEqual([kept?.path, kept?.role], [path, undefined])
    })

    test(`${how}, brings no next revision of what runs`, async () => {
      const base = await agreement()
      const other = { ...good, revision: 4, record: { ...record, digest: digestOf(toUtf8('4')) } }
      const order = { ...base.order, releases: [other] }
      const policy = { ...base.policy, catalogues }
      const running = new Set([record.digest])
      const code = 'trust/not-allowed'
      await assert.rejects(agree({ ...base, order, policy, running }), { code })
    })
  }

  test('loses what runs where it is below its floor', async () => {
    const base = await agreement()
    const policy = { ...base.policy, catalogues: catalogueRows(['acme'], ['acme']) }
    const running = new Set([record.digest])
    const floors = new Map([['package/acme/greenhouse', 99]])
    const code = 'trust/below-floor'
    await assert.rejects(agree({ ...base, policy, running, floors }), { code })
  })
})

describe('a model statement', () => {
  const bytes = toStatementBytes(model)
  const { path: modelPath, target: entry } = modelTarget(model, bytes)
  const target = {
    ...{ path: modelPath, role: 'acme', custom: {} },
    length: entry.length,
    digest: digestOf(bytes),
  }

  test('opens when it is what the catalogue names', () => {
    assert.deepEqual(openModel(target, bytes), { ...model, development: undefined })
  })

  test('of other bytes stays shut', () => {
    const other = toUtf8('x'.repeat(bytes.length))
    assert.throws(() => openModel(target, other), { code: 'trust/digest-mismatch' })
    const short = bytes.slice(1)
    assert.throws(() => refuseOtherContent(target, short), { code: 'trust/length-mismatch' })
  })

  test('under another name stays shut', () => {
    const elsewhere = { ...target, path: 'acme/other-box/1/all' }
    assert.throws(() => openModel(elsewhere, bytes), { code: 'trust/wrong-model' })
  })
})

/** An agreement in which all agree; `stated` changes the order. */
async function agreement(stated: object = {}): Promise<Agreement> {
  const catalogue = await pretendCatalogue(now)
  await publish(catalogue, path, now)
  const stem = { owner: 'own_a', version: 1, log: { quorum: 0 }, ceiling: pretendNames.ceiling }
  return {
    order: pretendOrder({ releases: [good], ...stated }, now),
    catalogues: new Map([['acme', await refresh(catalogue)]]),
    policy: makePolicy({ ...stem, catalogues: catalogueRows(['acme'], []) }, now),
    model,
    floors: new Map(),
    architecture: 'amd64',
  }
}

/** A catalogue that can't be refreshed. */
const dead = {
  find: async () => {
    throw new TrustError('trust/expired', 'cannot trust timestamp: expired')
  },
}

function adoption(publisher: string, floor: number) {
  const from = { catalogue: 'acme', publisher: 'acme' }
  return { package: 'acme/greenhouse', from, to: { catalogue: 'own', publisher }, floor }
}

/** An agreement in which publisher `garden` has adopted the greenhouse into the owner's own catalogue. */
async function adopted(ordered: OrderedRelease): Promise<Agreement> {
  const base = await agreement({ releases: [ordered] })
  const own = await pretendCatalogue(now)
  const garden = pretendSigner('garden')
  const keys = { keys: [garden.key], threshold: 1 }
  const publisher = { name: 'garden', ...keys, adopted: ['acme/greenhouse'] }
  own.signed.targets = makeTargets(2, [publisher], now)
  await seal(own, 'targets')
  own.signed.acme = addRelease(makeDelegatedRole(1, {}, now), path, toTarget(content, whole))
  own.files.set('1.garden.json', await signMetadata(own.signed.acme, [garden]))
  await freshenWith(own, 'garden')
  const named = { name: 'own', root: own.firstRoot, allowed: ['garden'], refused: [] }
  const catalogues = [...base.policy.catalogues, named]
  return {
    ...base,
    catalogues: new Map([...base.catalogues, ['own', await refresh(own)]]),
    policy: { ...base.policy, catalogues, adoptions: [adoption('garden', 3)] },
  }
}

/** A snapshot that names another publisher's role beside the one that is there. */
async function freshenWith(catalogue: PretendCatalogue, role: string): Promise<void> {
  const { signed, files } = catalogue
  const held = makeSnapshot(1, new Map([['targets', files.get('2.targets.json')!]]), now)
  signed.snapshot = nextSnapshot(held, new Map([[role, files.get(`1.${role}.json`)!]]), now)
  await seal(catalogue, 'snapshot')
  await stamp(catalogue, now)
}

function catalogueRows(allowed: readonly string[], refused: readonly string[]) {
  return [{ name: 'acme', root: digestOf(toUtf8('root')), allowed, refused }]
}

async function republish(
  catalogue: PretendCatalogue,
  role: 'acme' | 'targets',
  custom: JsonObject,
): Promise<void> {
  const added = addRelease(catalogue.signed[role], path, toTarget(content, custom))
  catalogue.signed[role] = nextVersion(added, 'publisher', now)
  await seal(catalogue, role)
  await freshen(catalogue, now)
}

function refresh({ files, firstRoot }: PretendCatalogue): Promise<Catalogue> {
  return refreshCatalogue({ store: pretendStore(), fetcher: pretendFetcher(files), now, firstRoot })
}
