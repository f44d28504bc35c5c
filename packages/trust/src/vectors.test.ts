import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  makeCatalogueVectors,
  makeStatementVectors,
  pretendFetcher,
  pretendStore,
} from '@steadfleet/authority/testing'
import { type Digest, toUtf8 } from '@steadfleet/base'
import {
  acceptOrder,
  acceptOwnerRoot,
  acceptPolicy,
  type Catalogue,
  type CatalogueStore,
  type Envelope,
  type OrderAddress,
  type OwnerRoot,
  openModel,
  parseEnvelopeBytes,
  readFloorCells,
  refreshCatalogue,
  reopenOwnerRoot,
  reopenPolicy,
} from './index.ts'

const folder = fileURLToPath(new URL('../../../vectors/', import.meta.url))

interface Base {
  readonly now: string
  readonly firstRoot: Digest
  readonly path: string
  readonly served: Readonly<Record<string, string>>
}
interface CatalogueVector {
  readonly path: string
  readonly expect: { readonly code?: string; readonly role?: string }
  readonly changed: Readonly<Record<string, string | null>>
}

describe('a client that holds the base', () => {
  const base = read<Base>('catalogue/base.json')
  for (const name of namesIn('catalogue', '{valid,hostile}/*.json')) {
    const { path, expect, changed } = read<CatalogueVector>(`catalogue/${name}`)
    test(`and is served ${name} answers ${expect.code ?? expect.role}`, async () => {
      const store = pretendStore()
      await (await refresh(base, base.served, store)).find(base.path)
      const served = Object.entries({ ...base.served, ...changed }).filter(isPresent)
      const look = async () => {
        const catalogue = await refresh(base, Object.fromEntries(served), store)
        return catalogue.find(path)
      }
      if (expect.code) await assert.rejects(look, { code: expect.code })
      else assert.equal((await look())?.role, expect.role)
    })
  }
})

interface StatementVector {
  readonly kind: string
  readonly now: string
  readonly expect: Readonly<Record<string, string | number>>
  readonly first: Digest
  readonly held: string
  readonly root: string
  readonly envelope: string
  readonly address: OrderAddress
  readonly path: string
  readonly length: number
  readonly digest: Digest
  readonly content: string
  readonly a: string | null
  readonly b: string | null
}

/** What reading a vector of each kind yields, in the words of its `expect`. */
const readers: Readonly<Record<string, (vector: StatementVector, now: Date) => object>> = {
  'owner-root': ({ first, held, envelope }, now) =>
    acceptOwnerRoot(first ?? reopenOwnerRoot(sealed(held)), sealed(envelope), now),
  policy: ({ root, held, envelope }, now) =>
    acceptPolicy(ownerRoot(root), reopenPolicy(sealed(held)), sealed(envelope), { now }),
  order: ({ root, address, envelope }, now) =>
    acceptOrder(address, ownerRoot(root), sealed(envelope), now),
  model: ({ path, length, digest, content }) =>
    openModel({ path, length, digest, role: 'acme', custom: {} }, toUtf8(content)),
  'floor-cells': ({ a, b }) => {
    const { floors, next } = readFloorCells(bytesOf(a), bytesOf(b))
    return { ...Object.fromEntries(floors), next }
  },
}

describe('a statement', () => {
  for (const name of namesIn('statements', '*/*.json')) {
    const vector = read<StatementVector>(`statements/${name}`)
    const { code, ...facts } = vector.expect
    test(`${name} is ${code ? `refused with ${code}` : 'taken'}`, () => {
      const accept = () => readers[vector.kind]?.(vector, new Date(vector.now))
      if (code) assert.throws(accept, { code: String(code) })
      else assert.partialDeepStrictEqual(accept(), facts)
    })
  }
})

for (const [kind, made] of [
  ['catalogue', makeCatalogueVectors()],
  ['statements', makeStatementVectors()],
] as const) {
  test(`the frozen vectors of ${kind} are those that tools/vectors.ts makes`, async () => {
    const vectors = await made
    assert.deepEqual([...vectors.keys()].sort(), namesIn(kind, '**/*.json'))
    for (const [name, text] of vectors) assert.equal(textOf(`${kind}/${name}`), text, name)
  })
}

function refresh(
  { firstRoot, now }: Base,
  served: Readonly<Record<string, string>>,
  store: CatalogueStore,
): Promise<Catalogue> {
  const files = new Map(Object.entries(served).map(([name, text]) => [name, toUtf8(text)]))
  const fetcher = pretendFetcher(files)
  return refreshCatalogue({ store, fetcher, now: new Date(now), firstRoot })
}

function isPresent(entry: [string, string | null]): entry is [string, string] {
  return entry[1] !== null
}

function ownerRoot(file: string): OwnerRoot {
  return reopenOwnerRoot(sealed(file))
}

function sealed(file: string): Envelope {
  return parseEnvelopeBytes(toUtf8(file))
}

function bytesOf(text: string | null): Uint8Array | undefined {
  return text === null ? undefined : toUtf8(text)
}

function namesIn(kind: string, pattern: string): string[] {
  return globSync(pattern, { cwd: `${folder}${kind}` }).sort()
}

function textOf(name: string): string {
  return readFileSync(folder + name, 'utf8')
}

function read<T>(name: string): T {
  return JSON.parse(textOf(name)) as T
}
