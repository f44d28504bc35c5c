import { makeOrder, signStatement } from '@steadfleet/authority'
import { pretendSigner } from '@steadfleet/authority/testing'
import { digestOf, toUtf8 } from '@steadfleet/base'
import { ed25519Key, keyIdOf, type Order, openEnvelope, payloadTypes } from '@steadfleet/trust'
import { type Benchmark, type Figure, round } from '../figure.ts'

const orders = 5000
const releases = 5

/** How fast one core makes orders and, on the other side, opens them. */
export const orderSigning: Benchmark = {
  name: 'trust-orders',
  what: `${orders} orders of ${releases} releases, one after the other on one core`,
  async run() {
    const director = pretendSigner('director')
    const envelopes: Awaited<ReturnType<typeof signStatement>>[] = []
    const signed = await rateOf(async i => {
      envelopes.push(await signStatement(payloadTypes.order, orderOf(i + 1), [director]))
    })
    const role = { keys: [director.key], threshold: 1 }
    const opened = await rateOf(async i => {
      const envelope = envelopes[i]
      if (envelope) openEnvelope(envelope, payloadTypes.order, role)
    })
    const bytes = JSON.stringify(envelopes[0]).length
    return [
      { name: 'orders signed', value: signed, unit: '1/s', facts: { orders, releases, bytes } },
      { name: 'orders opened', value: opened, unit: '1/s', facts: { orders, releases } },
    ] satisfies Figure[]
  },
}

async function rateOf(act: (i: number) => Promise<void>): Promise<number> {
  const began = performance.now()
  for (let i = 0; i < orders; i += 1) await act(i)
  return round((orders * 1000) / (performance.now() - began))
}

function orderOf(counter: number): Order {
  const key = keyIdOf(ed25519Key(new Uint8Array(32)))
  const one = {
    catalogue: 'acme',
    revision: 7,
    architecture: 'amd64',
    record: { digest: digestOf(toUtf8(`record ${counter}`)), length: 1200 },
    settings: { greeting: 'hello' },
    grants: ['network'],
  }
  const order = {
    device: `dev_${key.slice(0, 20)}`,
    owner: `own_${key.slice(0, 20)}`,
    counter,
    model: 'acme/box/1/all',
    releases: Array.from({ length: releases }, (_, i) => ({
      ...one,
      package: `acme/package-${i}`,
    })),
    policy: { 'check-in-seconds': 900 },
  }
  return makeOrder(order as unknown as Parameters<typeof makeOrder>[0], new Date())
}
