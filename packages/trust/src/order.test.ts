import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { signPayload, signStatement, toStatementBytes } from '@steadfleet/authority'
import {
  pretendOrder,
  pretendOrdered,
  pretendOwner,
  pretendSigner,
} from '@steadfleet/authority/testing'
import { digestOf, toUtf8 } from '@steadfleet/base'
import { acceptOrder, type Order, payloadTypes, reopenOrder } from './index.ts'

const now = new Date('2026-11-21T00:00:00Z')
const address = {
  device: 'dev_00000000000000000000',
  owner: 'own_00000000000000000000',
  counter: 7,
}
const release = pretendOrdered({ digest: digestOf(toUtf8('record')), length: 6 })

const rows: { name: string; stated: Partial<Order>; at?: Date; code?: string }[] = [
  { name: 'for this device, newer than the last', stated: {} },
  { name: 'that leaves counters out', stated: { counter: 900 } },
  { name: 'for another device', stated: { device: 'dev_b' }, code: 'trust/wrong-device' },
  { name: 'of another owner', stated: { owner: 'own_b' }, code: 'trust/wrong-owner' },
  { name: 'already accepted', stated: { counter: 7 }, code: 'trust/replayed-order' },
  { name: 'from before the last one', stated: { counter: 6 }, code: 'trust/replayed-order' },
  {
    name: 'that uses up the counter',
    stated: { counter: 2 ** 53 - 1 },
    code: 'trust/fast-forward',
  },
  { name: 'that has expired', stated: { expires: now }, code: 'trust/expired' },
  { name: 'of no counter', stated: { counter: 0 }, code: 'trust/malformed' },
  {
    name: 'naming a package twice',
    stated: { releases: [release, release] },
    code: 'trust/malformed',
  },
  {
    name: 'replayed after it expired, as what is graver,',
    stated: { counter: 7, expires: now },
    code: 'trust/replayed-order',
  },
  {
    name: 'under an owner root that has expired',
    stated: { expires: new Date('2040-01-01T00:00:00Z') },
    at: new Date('2030-01-01T00:00:00Z'),
    code: 'trust/expired',
  },
]

describe('an order', () => {
  for (const { name, stated, at, code } of rows) {
    test(`${name} is ${code ? `refused with ${code}` : 'taken'}`, async () => {
      const owner = await pretendOwner(1, now)
      const order = pretendOrder({ counter: 8, releases: [release], ...stated }, now)
      const envelope = await signStatement(payloadTypes.order, order, [owner.keys.director])
      const accept = () => acceptOrder(address, owner.root, envelope, at ?? now)
      if (code) assert.throws(accept, { code })
      else assert.deepEqual(plain(accept()), plain(order))
      if (!code) assert.deepEqual(reopenOrder(envelope), accept())
    })
  }

  for (const signer of ['mallory', 'owner-1', 'timestamp']) {
    test(`signed by ${signer} instead of the director is refused`, async () => {
      const { root } = await pretendOwner(1, now)
      const order = pretendOrder({ counter: 8 }, now)
      const envelope = await signStatement(payloadTypes.order, order, [pretendSigner(signer)])
      assert.throws(() => acceptOrder(address, root, envelope, now), { code: 'trust/threshold' })
    })
  }

  test('of a director that the next owner root dismissed is refused', async () => {
    const first = await pretendOwner(1, now)
    const keys = { ...first.keys, director: pretendSigner('new director') }
    const { root } = await pretendOwner(2, now, keys)
    const order = pretendOrder({ counter: 8 }, now)
    const envelope = await signStatement(payloadTypes.order, order, [first.keys.director])
    assert.throws(() => acceptOrder(address, root, envelope, now), { code: 'trust/threshold' })
  })

  const grown: { name: string; members: object; code?: string }[] = [
    { name: 'with a member that is not known', members: { 'x-wind': 'north' } },
    {
      name: 'with a member that is not known and critical',
      members: { 'x-wind': 'north', critical: ['x-wind'] },
      code: 'trust/malformed',
    },
    { name: 'whose critical member is known', members: { critical: ['counter'] } },
  ]
  for (const { name, members, code } of grown) {
    test(`${name} is ${code ? `refused with ${code}` : 'taken'}`, async () => {
      const { root, keys } = await pretendOwner(1, now)
      const order = { ...pretendOrder({ counter: 8 }, now), ...members }
      const envelope = await signStatement(payloadTypes.order, order, [keys.director])
      const accept = () => acceptOrder(address, root, envelope, now)
      if (code) assert.throws(accept, { code })
      else assert.equal(accept().counter, 8)
    })
  }

  test('with a key that stands twice is refused', async () => {
    const { root, keys } = await pretendOwner(1, now)
    const text = Buffer.from(toStatementBytes(pretendOrder({ counter: 8 }, now))).toString()
    const twice = toUtf8(text.replace('"counter":8', '"counter":1,"counter":8'))
    const envelope = await signPayload(payloadTypes.order, twice, [keys.director])
    assert.throws(() => acceptOrder(address, root, envelope, now), {
      code: 'trust/malformed',
      details: { what: payloadTypes.order, reason: 'json/duplicate-key' },
    })
  })
})

/** Without the members that are absent: a reader names them, a maker does not. */
function plain(order: Order): unknown {
  return JSON.parse(JSON.stringify(order))
}
