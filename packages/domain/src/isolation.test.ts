import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { type IsolationId, type PackageName, parsePackageName } from './identifiers.ts'
import {
  type IsolationPolicy,
  newlyIsolated,
  nextOwnIsolations,
  type OwnIsolations,
} from './isolation.ts'

const door = parsePackageName('acme/door')
const idOf = (n: number) => n.toString(16).padStart(16, '0') as IsolationId

test('an own isolation ends with an order that knows of it and does not isolate the package', () => {
  const own = { [door]: idOf(1) }
  assert.deepEqual(nextOwnIsolations(own, {}), own)
  assert.deepEqual(nextOwnIsolations(own, { packages: [door] }), own)
  assert.deepEqual(nextOwnIsolations(own, { known: [idOf(2)] }), own)
  assert.deepEqual(nextOwnIsolations(own, { known: [idOf(1)], packages: [door] }), own)
  assert.deepEqual(nextOwnIsolations(own, { known: [idOf(1)], device: true }), own)
  assert.deepEqual(nextOwnIsolations(own, { known: [idOf(1)] }), {})
})

test('what a report tells of is new where the one before did not', () => {
  const rows: [OwnIsolations | undefined, OwnIsolations | undefined, PackageName[]][] = [
    [undefined, undefined, []],
    [undefined, { [door]: idOf(1) }, [door]],
    [{ [door]: idOf(1) }, { [door]: idOf(1) }, []],
    [{ [door]: idOf(1) }, { [door]: idOf(2) }, [door]],
    [{ [door]: idOf(1) }, undefined, []],
  ]
  for (const [before, now, names] of rows) assert.deepEqual(newlyIsolated(before, now), names)
})

/*
 * All that may happen between one device and one server, in every order of so many steps: the device begins
 * and is heard, or its word or the reply is lost; people isolate and release; orders are signed late; the
 * server's database is put back to a copy.
 */
describe('under every interleaving', () => {
  let states: ReadonlyMap<string, Situation>
  let steps = 0
  before(() => {
    ;({ states, steps } = explore())
  })

  test('is looked at, with all that may happen in it', () => {
    const seen = [...states.values()]
    assert.ok(states.size > 2000 && steps > 10_000, `${states.size} states, ${steps} steps`)
    const isRace = ({ own, isIsolated, told }: Situation) =>
      own !== undefined && told === own && !isIsolated
    assert.ok(seen.some(isRace), 'released before its order was taken')
    assert.ok(
      seen.some(({ counter, order }) => counter > order.counter),
      'a device ahead of its server',
    )
  })

  test('nothing that the device began ends before somebody who knew of it let it go', () => {
    none(state => !isCut(state) && state.begun !== state.letGo)
  })

  test('a device and its server that hear each other agree on what is cut', () => {
    none(state => {
      const now = settled(state)
      return isCut(now) !== now.isIsolated || now.told !== now.own
    })
  })

  test('whoever releases it then lets it go', () => {
    none(state => {
      const released = settled(isolate(settled(state), false))
      return isCut(released) || released.isIsolated
    })
  })

  const none = (isWrong: (state: Situation) => boolean) => {
    for (const state of states.values()) if (isWrong(state)) assert.fail(JSON.stringify(state))
  }
})

interface Ordered {
  readonly counter: number
  readonly isIsolated: boolean
  readonly known?: number | undefined
}

interface Memory {
  readonly isIsolated: boolean
  /** What the newest report told of. */
  readonly told?: number | undefined
  readonly order: Ordered
}

interface Situation extends Memory {
  /** Of the order that the device has taken. */
  readonly counter: number
  readonly taken: Ordered
  readonly own?: number | undefined
  /** On its way to the device. */
  readonly reply?: Ordered | undefined
  /** What the server's database can be put back to, once: null where it was. */
  readonly copy?: Memory | null
  /** Isolations of the device itself so far; the last one, and the last that somebody let go knowingly. */
  readonly begins: number
  readonly begun?: number | undefined
  readonly letGo?: number | undefined
  readonly acts: number
}

const start: Situation = {
  ...{ isIsolated: false, order: { counter: 0, isIsolated: false } },
  ...{ counter: 0, taken: { counter: 0, isIsolated: false }, begins: 0, acts: 0 },
}

const mostBegins = 2
const mostActs = 2
const mostOrders = 3

function nextOf(state: Situation): Situation[] {
  const { begins, acts, copy } = state
  const memory = { isIsolated: state.isIsolated, told: state.told, order: state.order }
  return [
    ...(begins < mostBegins && !isCut(state) ? [begin(state)] : []),
    ...(acts < mostActs ? [isolate(state, true), isolate(state, false)] : []),
    sign(state),
    hear(state),
    ...(state.reply ? [take(state), { ...state, reply: undefined }] : []),
    ...(copy ? [{ ...state, ...copy, copy: null }] : []),
    ...(copy === undefined ? [{ ...state, copy: memory }] : []),
  ]
}

function begin(state: Situation): Situation {
  const id = state.begins + 1
  return { ...state, begins: id, own: id, begun: id }
}

function isolate(state: Situation, isIsolated: boolean): Situation {
  const letGo = isIsolated ? state.letGo : (state.told ?? state.letGo)
  return { ...state, isIsolated, letGo, acts: state.acts + 1 }
}

/** The server reads a report, which arrived, whether its reply does or not. */
function hear(state: Situation): Situation {
  const isNew = newlyIsolated(toOwn(state.told), toOwn(state.own)).length > 0
  const isIsolated = state.isIsolated || isNew
  return { ...state, told: state.own, isIsolated, reply: state.order }
}

function take(before: Situation): Situation {
  const { reply, ...state } = before
  if (reply === undefined || reply.counter <= state.counter) return state
  const { known, isIsolated } = reply
  const ordered: IsolationPolicy = {
    ...(known !== undefined && { known: [idOf(known)] }),
    ...(isIsolated && { packages: [door] }),
  }
  const isLeft = Object.keys(nextOwnIsolations(toOwn(state.own), ordered)).length > 0
  return { ...state, counter: reply.counter, taken: reply, own: isLeft ? state.own : undefined }
}

/** Signs an order where what it shall say has changed, above every one that it knows the device to have. */
function sign(state: Situation): Situation {
  const { order, isIsolated, told, counter } = state
  const isSame = order.isIsolated === isIsolated && order.known === told
  if (isSame && (order.counter > counter || state.taken === order)) return state
  const next = { counter: Math.max(order.counter, counter) + 1, isIsolated, known: told }
  return { ...state, order: next }
}

/** Nothing else happens, and they hear each other until nothing changes. */
function settled(state: Situation): Situation {
  let now = state
  for (let turn = 0; turn < 4; turn += 1) now = take(hear(sign(hear(now))))
  return now
}

function isCut({ own, taken }: Situation): boolean {
  return own !== undefined || taken.isIsolated
}

function toOwn(id: number | undefined): OwnIsolations {
  return id === undefined ? {} : { [door]: idOf(id) }
}

function explore(): { readonly states: ReadonlyMap<string, Situation>; readonly steps: number } {
  const states = new Map([[keyOf(start), start]])
  let steps = 0
  for (const state of states.values()) {
    for (const next of nextOf(state)) {
      steps += 1
      if (next.order.counter <= mostOrders) states.set(keyOf(next), next)
    }
  }
  return { states, steps }
}

function keyOf({ copy, ...now }: Situation): string {
  const orders = [now.order, now.taken, now.reply, copy?.order].map(textOf)
  const counts = [now.counter, now.own, now.begins, now.begun, now.letGo, now.acts]
  const words = [now.isIsolated, now.told, copy?.isIsolated, copy?.told, copy === null]
  return [...orders, ...counts, ...words].join()
}

function textOf(order: Ordered | undefined): string {
  return order ? `${order.counter}/${order.isIsolated}/${order.known}` : ''
}
