import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signStatement, toEnvelopeBytes } from '@steadfleet/authority'
import {
  type PretendCatalogue,
  pretendCatalogue,
  pretendFetcher,
  pretendOrder,
  pretendOwner,
  pretendStore,
  publish,
} from '@steadfleet/authority/testing'
import { digestOf } from '@steadfleet/base'
import fc from 'fast-check'
import {
  acceptOrder,
  parseEnvelopeBytes,
  parseMetadata,
  payloadTypes,
  refreshCatalogue,
  TrustError,
} from './index.ts'

const now = new Date('2026-11-21T00:00:00Z')
const path = 'acme/greenhouse/3/amd64'

/** One byte changed, the end cut off, or bytes added. */
const damage = fc.oneof(
  fc.record({
    kind: fc.constant('change' as const),
    at: fc.nat(),
    by: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: fc.nat(), by: fc.constant(0) }),
  fc.record({ kind: fc.constant('add' as const), at: fc.nat(), by: fc.nat({ max: 255 }) }),
)
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never

test('a byte changed, missing or added in any file is refused, or says nothing else', async () => {
  const catalogue = await pretendCatalogue(now)
  const content = await publish(catalogue, path, now)
  const names = [
    '1.root.json',
    '1.targets.json',
    '2.acme.json',
    '2.snapshot.json',
    'timestamp.json',
  ]
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...names), damage, async (name, hurt) => {
      const files = new Map(catalogue.files)
      files.set(name, damaged(files.get(name) ?? new Uint8Array(), hurt))
      const found = await lookUp({ ...catalogue, files })
      // White space and foreign signatures may differ in a timestamp: nothing holds its bytes.
      assert.ok(found instanceof TrustError || found === digestOf(content), String(found))
    }),
    { numRuns: 300 },
  )
})

test('a damaged order is refused, or is the same order', async () => {
  const { root, keys } = await pretendOwner(1, now)
  const order = pretendOrder({ counter: 8 }, now)
  const file = toEnvelopeBytes(await signStatement(payloadTypes.order, order, [keys.director]))
  const address = { device: order.device, owner: order.owner, counter: 7 }
  fc.assert(
    fc.property(damage, hurt => {
      const taken = orRefusal(() =>
        acceptOrder(address, root, parseEnvelopeBytes(damaged(file, hurt)), now),
      )
      assert.ok(taken instanceof TrustError || taken.counter === 8)
    }),
    { numRuns: 300 },
  )
})

test('whatever the bytes, reading them ends in a value or a TrustError', () => {
  const json = fc.json().map(text => new Uint8Array(Buffer.from(text)))
  const bytes = fc.oneof(json, fc.uint8Array({ maxLength: 200 }))
  const types = fc.constantFrom('root', 'timestamp', 'snapshot', 'targets')
  fc.assert(
    fc.property(bytes, types, (input, type) => {
      orRefusal(() => parseMetadata(type as 'root', input))
      orRefusal(() => parseEnvelopeBytes(input))
    }),
    { numRuns: 500 },
  )
})

async function lookUp({ files, firstRoot }: PretendCatalogue): Promise<unknown> {
  try {
    const fetcher = pretendFetcher(files)
    const catalogue = await refreshCatalogue({ store: pretendStore(), fetcher, now, firstRoot })
    return (await catalogue.find(path))?.digest
  } catch (error) {
    return error
  }
}

function orRefusal<T>(read: () => T): T | TrustError {
  try {
    return read()
  } catch (error) {
    if (error instanceof TrustError) return error
    throw error
  }
}

function damaged(bytes: Uint8Array, { kind, at, by }: Damage): Uint8Array {
  const place = at % bytes.length
  if (kind === 'cut') return bytes.slice(0, place)
  if (kind === 'add') return new Uint8Array([...bytes.slice(0, place), by, ...bytes.slice(place)])
  return bytes.map((byte, i) => (i === place ? byte ^ by : byte))
}
