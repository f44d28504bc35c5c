import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parse } from '@marcbachmann/cel-js'
import fc from 'fast-check'
import { noteFacts } from '../acts/note-facts.ts'
import { refreshSearch } from '../acts/refresh-search.ts'
import { countDevices, findDevices } from '../store/device-search.ts'
import type { Db } from '../store/schema.ts'
import { type OpenDatabase, openMigrated } from '../testing/test-database.ts'
import { fields } from './fields.ts'

const now = new Date('2026-11-22T12:00:00Z')

interface Sample {
  readonly name: string
  readonly model: string
  readonly labels: Readonly<Record<string, string>>
  readonly attributes: Readonly<Record<string, string>>
  readonly revision?: number
  readonly held?: boolean
  readonly seen: string
}

const samples: readonly Sample[] = [
  {
    ...{ name: 'north-1', model: 'acme/box', labels: { site: 'north', floor: '1' } },
    ...{ attributes: { 'disk.free-mb': '400', confinement: 'enforced' }, revision: 3 },
    seen: '2026-11-22T11:59:00Z',
  },
  {
    ...{ name: 'north-2', model: 'acme/box', labels: { site: 'north' }, attributes: {} },
    ...{ revision: 2, held: true, seen: '2026-11-20T00:00:00Z' },
  },
  {
    ...{ name: 'South_1', model: 'acme/pump', labels: { site: 'south', odd: `a'b"c\\%_` } },
    ...{ attributes: { 'disk.free-mb': '9000' }, seen: '2026-11-22T00:00:00Z' },
  },
  { name: 'grüße-1', model: '', labels: {}, attributes: {}, seen: '2026-11-22T11:00:00Z' },
]

let opened: OpenDatabase
let db: Db

before(async () => {
  opened = await openMigrated()
  db = opened.db
  await db.insertInto('fleet').values({ name: 'home', owner: 'own_x', model: 'a/b' }).execute()
  for (const sample of samples) await put(sample)
  for (const [name, query] of groups) {
    const group = { fleet: 'home', name, query, conditions: '{}' }
    await db.insertInto('fleet_group').values(group).execute()
  }
})
after(() => opened[Symbol.asyncDispose]())

const groups: readonly [name: string, query: string][] = [
  ['north', 'labels.site == "north"'],
  ['calm', '"north" in groups && !held'],
  ['snake', '"tail" in groups'],
  ['tail', '"snake" in groups'],
]

async function put({ name, model, labels, held, seen, attributes, revision }: Sample) {
  const facts = { fleet: 'home', architecture: 'amd64', enrolled_at: '2026-11-01T00:00:00Z' }
  const more = { public_key: '', seen_at: seen, held_at: held ? seen : null }
  await db
    .insertInto('device')
    .values({ id: idOf(name), name, model, ...facts, ...more })
    .execute()
  for (const [label, value] of Object.entries(labels)) {
    const row = { device: idOf(name), name: label, value }
    await db.insertInto('device_label').values(row).execute()
  }
  const tree = 'sha256:0'
  const installed = { package: 'acme/till', revision, version: `${revision}.0`, tree }
  const releases = revision === undefined ? [] : [installed]
  await noteFacts(db, idOf(name), { attributes, releases } as Parameters<typeof noteFacts>[2])
  await refreshSearch(db, [idOf(name)])
}

function idOf(name: string): string {
  return `dev_${name}`
}

async function names(query: string, search?: string): Promise<string[]> {
  const found = await findDevices(db, { fleet: 'home', query, search, now }, { limit: 100 })
  assert.equal(await countDevices(db, { fleet: 'home', query, search, now }), found.length)
  return found.map(({ name }) => name)
}

const all = samples.map(({ name }) => name)
const [north1 = '', north2 = '', south = '', odd = ''] = all

const found: readonly [query: string, names: readonly string[]][] = [
  ['', all],
  ['true', all],
  ['false', []],
  ['name == "north-1"', [north1]],
  ['name != "north-1"', [north2, south, odd]],
  ['"north-1" == name', [north1]],
  ['name.startsWith("north-")', [north1, north2]],
  ['name.startsWith("South_")', [south]],
  ['name.startsWith("south")', []],
  ['name.endsWith("-1")', [north1, odd]],
  ['name.endsWith("a much longer text than any name")', []],
  ['name.contains("ü")', [odd]],
  ['name.contains("%")', []],
  ['name.contains("")', all],
  ['model in ["acme/box", "acme/pump"]', [north1, north2, south]],
  ['model in []', []],
  ['labels.site == "north"', [north1, north2]],
  ['labels.site != "north"', [south, odd]],
  ['labels["site"].startsWith("no")', [north1, north2]],
  [`labels.odd == "a'b\\"c\\\\%_"`, [south]],
  [`labels.odd == "'; drop table device; --"`, []],
  ['"floor" in labels', [north1]],
  ['!has(labels.site)', [odd]],
  ['attributes["disk.free-mb"] < 500', [north1]],
  ['500 < attributes["disk.free-mb"]', [south]],
  ['attributes["disk.free-mb"] == "400"', [north1]],
  ['packages["acme/till"] >= 3', [north1]],
  ['packages["acme/till"] != 3', [north2, south, odd]],
  ['packages["acme/till"] > -1', [north1, north2]],
  ['!("acme/till" in packages)', [south, odd]],
  ['versions["acme/till"] == "2.0"', [north2]],
  ['held', [north2]],
  ['held == false && !silent && !isolated', [north1, south, odd]],
  ['unheard > duration("2h")', [north2, south]],
  ['seen < timestamp("2026-11-21T00:00:00Z")', [north2]],
  ['"north" in groups', [north1, north2]],
  ['"calm" in groups', [north1]],
  ['held || model == "acme/pump" && name == "South_1"', [north2, south]],
  ['(held || model == "acme/pump") && name == "South_1"', [south]],
]

describe('a query finds', () => {
  for (const [query, devices] of found) {
    test(`${devices.length} devices: ${query || 'nothing asked'}`, async () => {
      assert.deepEqual(await names(query), devices)
    })
  }
})

const searched: readonly [words: string, names: readonly string[]][] = [
  ['', all],
  ['NORTH', [north1, north2]],
  ['north floor=1', [north1]],
  ['acme/till 2.0', [north2]],
  ['GRÜSSE', []],
  ['grüße', [odd]],
  ['%', [south]],
  ['h_', [south]],
]

describe('words find', () => {
  for (const [words, devices] of searched) {
    test(`${devices.length} devices: ${words || 'no word'}`, async () => {
      assert.deepEqual(await names('', words), devices)
    })
  }

  test('among those that a query finds', async () => {
    assert.deepEqual(await names('held', 'north'), [north2])
  })
})

const refused: readonly [query: string, code: string, at: number | undefined][] = [
  ['name ==', 'query/syntax', 8],
  ['name = "a"', 'query/syntax', 6],
  ['(silent', 'query/syntax', 8],
  ['colour == "red"', 'query/unknown-name', 1],
  ['silent && constructor == "x"', 'query/unknown-name', 11],
  ['name', 'query/unsupported', 1],
  ['name == 3', 'query/unsupported', 1],
  ['name < "a"', 'query/unsupported', 1],
  ['name == model', 'query/unsupported', 1],
  ['labels == "x"', 'query/unsupported', 1],
  ['labels[name] == "x"', 'query/unsupported', 8],
  ['name.site == "x"', 'query/unsupported', 1],
  ['attributes.a < 1.5', 'query/unsupported', 16],
  ['packages["a/b"] == "x"', 'query/unsupported', 1],
  ['packages["a/b"] == 99999999999999999', 'query/too-large', 1],
  ['name.matches("a")', 'query/unsupported', 1],
  ['size(name) == 1', 'query/unsupported', 1],
  ['silent ? held : silent', 'query/unsupported', 1],
  ['labels.exists(k, k == "a")', 'query/unsupported', 1],
  ['seen < "2026"', 'query/unsupported', 1],
  ['seen < timestamp("soon")', 'query/unsupported', 8],
  ['unheard > duration("99999999h")', 'query/unsupported', 1],
  ['name == "a\\u0000"', 'query/unsupported', 9],
  ['"nobody" in groups', 'group/unknown', undefined],
  ['"snake" in groups', 'group/circle', undefined],
  ['x'.repeat(2001), 'query/too-large', undefined],
  [`${'('.repeat(40)}true${')'.repeat(40)}`, 'query/too-large', 25],
  [Array(300).fill('held').join('||'), 'query/too-large', 1],
]

describe('a query is refused', () => {
  for (const [query, code, at] of refused) {
    test(`with ${code} at ${at}: ${query.slice(0, 60)}`, async () => {
      await assert.rejects(names(query), (error: { code: string; details: { at?: number } }) => {
        assert.deepEqual([error.code, error.details.at], [code, at])
        return true
      })
    })
  }
})

test('every name is in the document', () => {
  const path = join(import.meta.dirname, '../../../../docs/formats/queries.md')
  const text = readFileSync(path, 'utf8')
  for (const name of Object.keys(fields)) assert.match(text, new RegExp(`^\\|.*\`${name}\``, 'm'))
})

/** Texts that mean something to a database, to a pattern, or to the language. */
const text = fc.oneof(
  fc.constantFrom('north-1', 'north', 'South_1', 'site', 'floor', '', '%', '_', "'", '--', '\\'),
  fc.string({ maxLength: 8, unit: 'grapheme' }),
)
const quoted = text.map(value => JSON.stringify(value.toWellFormed().replaceAll('\0', '')))
const label = fc.constantFrom('site', 'floor', 'odd', 'none')
const leaf = fc.oneof(
  fc.tuple(fc.constantFrom('name', 'model', 'id'), fc.constantFrom('==', '!='), quoted).map(tied),
  fc
    .tuple(
      fc.constantFrom('name', 'model'),
      fc.constantFrom('startsWith', 'endsWith', 'contains'),
      quoted,
    )
    .map(([name, method, value]) => `${name}.${method}(${value})`),
  fc
    .tuple(label, quoted)
    .map(([name, value]) => `has(labels.${name}) && labels.${name} == ${value}`),
  fc.tuple(quoted).map(([name]) => `${name} in labels`),
  fc
    .tuple(fc.constantFrom('<', '<=', '==', '!=', '>', '>='), fc.integer({ min: -5, max: 5 }))
    .map(([operator, n]) => `"acme/till" in packages && packages["acme/till"] ${operator} ${n}`),
  fc.constantFrom('held', 'silent', 'true', 'false'),
)
const { query: anyQuery } = fc.letrec<{ query: string }>(tie => ({
  query: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.tuple(tie('query'), fc.constantFrom('&&', '||'), tie('query')).map(tied).map(inBrackets),
    tie('query').map(query => `!(${query})`),
  ),
}))

function tied([left, operator, right]: [string, string, string]): string {
  return `${left} ${operator} ${right}`
}

function inBrackets(query: string): string {
  return `(${query})`
}

test('a query finds whom the language itself says it is true of', async () => {
  const property = fc.asyncProperty(anyQuery, async query => {
    const is = parse(query)
    const wanted = samples.filter(sample => is(toContext(sample))).map(({ name }) => name)
    assert.deepEqual(await names(query), wanted)
  })
  await fc.assert(property, { numRuns: 300 })
})

test('whatever is typed is answered or refused by a code', async () => {
  const typed = fc.oneof(
    fc.string({ maxLength: 60 }),
    anyQuery.map(query => query.slice(0, 40)),
  )
  const property = fc.asyncProperty(typed, async query => {
    const error = await names(query).then(
      () => undefined,
      (cause: { code?: string }) => cause,
    )
    assert.match(error?.code ?? 'query/', /^(query|group)\//)
  })
  await fc.assert(property, { numRuns: 500 })
})

function toContext({ name, model, labels, held, revision }: Sample) {
  const packages = revision === undefined ? {} : { 'acme/till': BigInt(revision) }
  return { id: idOf(name), name, model, labels, packages, held: held ?? false, silent: false }
}
