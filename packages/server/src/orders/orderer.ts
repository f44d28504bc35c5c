import { makeOrder, toStatementBytes } from '@steadfleet/authority'
import { toBase64 } from '@steadfleet/base'
import { type DeviceId, toTimestamp } from '@steadfleet/domain'
import { type Envelope, payloadTypes, type TrustPolicy } from '@steadfleet/trust'
import { ServerError } from '../error.ts'
import { bothOf, isRefusal, type OnlineSignature, type SignerClient } from '../signer-client.ts'
import { type DeviceRow, devicesDue } from '../store/device-store.ts'
import { orderFor } from '../store/order-store.ts'
import type { Store } from '../store/store.ts'
import { contentFor, digestOfContent, type OrderContent } from './order-content.ts'

export interface OrdererOptions {
  readonly store: Store
  readonly signer: () => SignerClient
  readonly now: () => Date
  readonly owner: string
  readonly policy: () => TrustPolicy
  readonly firstCatalogue: () => string
  /** Packages that the model of this path requires: a device refuses an order without them. */
  readonly required: (model: string) => Promise<readonly string[]>
  /** A device has a newer order: it is told to look. */
  readonly onOrder: (device: DeviceId) => void
  /** Orders could not be signed; they stay due and are tried again. */
  readonly onFault: (fault: unknown) => void
}

/** Signs orders where what a device shall run has changed. What is due is in the database. */
export interface Orderer extends Disposable {
  /** Looks at all that is due now; resolves with how many orders were signed. */
  settle(): Promise<number>
  /** The same, for whom a later order is as good: never rejects, and tries again until it is done. */
  nudge(): Promise<void>
}

/** Devices of one look, and payloads of one call to the signer. */
const batchSize = 200
const retryMs = 2000

export function makeOrderer(options: OrdererOptions): Orderer {
  let turn: Promise<unknown> = Promise.resolve()
  let retry: NodeJS.Timeout | undefined
  let waiting: Promise<void> | undefined
  const settle = (): Promise<number> => {
    const result = turn.then(() => orderDue(options))
    turn = result.catch(() => undefined)
    return result
  }
  const tryOnce = async (): Promise<void> => {
    // All that is due when the look before this one ends is looked at together.
    await turn
    waiting = undefined
    try {
      await settle()
    } catch (fault) {
      options.onFault(fault)
      clearTimeout(retry)
      retry = setTimeout(() => void nudge(), retryMs).unref()
    }
  }
  const nudge = (): Promise<void> => {
    waiting ??= tryOnce()
    return waiting
  }
  return { settle, nudge, [Symbol.dispose]: () => clearTimeout(retry) }
}

async function orderDue(options: OrdererOptions): Promise<number> {
  let signed = 0
  for (;;) {
    const due = await devicesDue(options.store.db, batchSize)
    if (due.length === 0) return signed
    signed += await orderBatch(options, due)
  }
}

interface Draft {
  readonly device: DeviceRow
  readonly content: OrderContent
  readonly digest: string
  counter: number
}

async function orderBatch(options: OrdererOptions, due: readonly DeviceRow[]): Promise<number> {
  const { store } = options
  const drafts: Draft[] = []
  const unchanged: DeviceRow[] = []
  const asked = { ...options, required: onceEach(options.required) }
  for (const device of due) {
    const draft = await draftFor(asked, device)
    if (draft) drafts.push(draft)
    else unchanged.push(device)
  }
  await Promise.all(
    unchanged.map(({ id, order_due }) => store.write('clearDue', { device: id, due: order_due })),
  )
  if (drafts.length > 0) await signAndPut(options, drafts)
  return drafts.length
}

/** The same question has one answer for all devices of a batch. */
function onceEach<T>(ask: (name: string) => Promise<T>): (name: string) => Promise<T> {
  const answers = new Map<string, Promise<T>>()
  return name => {
    const answer = answers.get(name) ?? ask(name)
    answers.set(name, answer)
    return answer
  }
}

/** What to sign for a device, or undefined where its order says it already. */
async function draftFor(options: OrdererOptions, device: DeviceRow): Promise<Draft | undefined> {
  const { db } = options.store
  const places = { policy: options.policy(), firstCatalogue: options.firstCatalogue() }
  const content = await contentFor({ db, ...places, now: options.now() }, device)
  const digest = digestOfContent(content)
  if (await lacksRequired(options, content)) return undefined
  const held = await orderFor(db, device.id)
  if (held ? held.content === digest : isEmpty(content)) return undefined
  // A database that was restored from a copy may know less than the device does.
  return { device, content, digest, counter: Math.max(device.ordered_counter, device.counter) + 1 }
}

/** Who has nothing to run, and no key of the server to know, needs no order. */
function isEmpty({ releases, policy }: OrderContent): boolean {
  return releases.length === 0 && policy['server-keys'] === undefined
}

/** As when its first revision failed: what the device runs by its last order is then the best there is. */
async function lacksRequired(options: OrdererOptions, content: OrderContent): Promise<boolean> {
  const given = new Set(content.releases.map(release => release.package))
  return (await options.required(content.model)).some(name => !given.has(name))
}

async function signAndPut(options: OrdererOptions, drafts: readonly Draft[]): Promise<void> {
  const now = options.now()
  const { owner } = options
  const payloads = (): Uint8Array[] =>
    drafts.map(({ device, counter, content }) =>
      toStatementBytes(makeOrder({ device: device.id, owner, counter, ...content }, now)),
    )
  const [signatures, signed] = await signRising(options.signer(), drafts, payloads)
  await Promise.all(
    drafts.map(({ device, counter, digest }, i) =>
      options.store.write('putOrder', {
        device: device.id,
        counter,
        content: digest,
        envelope: JSON.stringify(toEnvelope(signed[i], signatures[i])),
        issued_at: toTimestamp(now),
        due: device.order_due,
      }),
    ),
  )
  for (const { device } of drafts) options.onOrder(device.id as DeviceId)
}

/** Counters that the signer has signed before are passed over: a crash lost what they were for. */
async function signRising(
  signer: SignerClient,
  drafts: readonly Draft[],
  payloads: () => Uint8Array[],
): Promise<[readonly OnlineSignature[], readonly Uint8Array[]]> {
  for (let tries = 0; tries <= drafts.length; tries += 1) {
    const offered = payloads()
    const answer = await signer.sign('director', offered)
    if (!isRefusal(answer)) return [answer, offered]
    const late = drafts.find(({ device }) => answer.name === `director/${device.id}`)
    if (!late || answer.held === undefined) {
      throw new ServerError('signer/unavailable', `cannot sign orders: ${answer.message}`)
    }
    late.counter = answer.held + 1
  }
  throw new ServerError('signer/unavailable', 'cannot sign orders: no counter is free')
}

function toEnvelope(
  payload: Uint8Array | undefined,
  signature: OnlineSignature | undefined,
): Envelope {
  if (!payload || !signature) throw new TypeError('an order has one payload and one signature')
  return {
    payloadType: payloadTypes.order,
    payload: toBase64(payload),
    signatures: bothOf(signature).map(({ keyid, sig }) => ({ keyid, sig: toBase64(sig) })),
  }
}
