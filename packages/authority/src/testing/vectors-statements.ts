import { digestOf, fromUtf8, toUtf8 } from '@steadfleet/base'
import { type Envelope, encodeFloorCell, payloadTypes } from '@steadfleet/trust'
import { modelTarget } from '../release.ts'
import {
  makeModel,
  makePolicy,
  signPayload,
  signStatement,
  toEnvelopeBytes,
  toStatementBytes,
} from '../statement.ts'
import { threeSigners } from './pretend-catalogue.ts'
import {
  type PretendOwner,
  pretendNames,
  pretendOrder,
  pretendOrdered,
  pretendOwner,
} from './pretend-owner.ts'
import { pretendSigner } from './pretend-store.ts'

const now = new Date('2026-11-21T00:00:00Z')
const longAgo = new Date('2020-01-01T00:00:00Z')
const address = {
  device: 'dev_00000000000000000000',
  owner: 'own_00000000000000000000',
  counter: 7,
}

/** What a vector says beside what is common to its kind. */
type Row = readonly [name: string, facts: object]

/** The statements' vectors as files of text, `KIND/NAME.json`; hostile ones expect a code. */
export async function makeStatementVectors(): Promise<Map<string, string>> {
  const kinds: Readonly<Record<string, readonly Row[]>> = {
    'owner-root': await ownerRootRows(),
    policy: await policyRows(),
    order: await orderRows(),
    model: modelRows(),
    'floor-cells': floorRows(),
  }
  const files = Object.entries(kinds).flatMap(([kind, rows]) =>
    rows.map(([name, facts]) => {
      const vector = { kind, now: '2026-11-21T00:00:00Z', ...facts }
      return [`${kind}/${name}.json`, `${JSON.stringify(vector, null, 2)}\n`] as const
    }),
  )
  return new Map(files)
}

async function ownerRootRows(): Promise<Row[]> {
  const first = await pretendOwner(1, now)
  const root = threeSigners('second owner')
  const keys = { ...first.keys, root }
  const both = [...first.keys.root, ...root]
  const held = toFile(first.envelope)
  const next = async (version: number, signers = both, at = now): Promise<string> =>
    toFile((await pretendOwner(version, at, keys, signers)).envelope)
  const firstDigest = digestOf(toEnvelopeBytes(first.envelope))
  return [
    ['first', { first: firstDigest, envelope: held, expect: { version: 1 } }],
    [
      'first-of-another-digest',
      { first: digestOf(toUtf8('')), envelope: held, expect: { code: 'trust/first-root' } },
    ],
    ['next', { held, envelope: await next(2), expect: { version: 2 } }],
    [
      'next-by-old-keys',
      { held, envelope: await next(2, [...first.keys.root]), expect: threshold },
    ],
    ['next-by-new-keys', { held, envelope: await next(2, root), expect: threshold }],
    ['same-version', { held, envelope: await next(1), expect: { code: 'trust/rollback' } }],
    ['skips-a-version', { held, envelope: await next(3), expect: { code: 'trust/fast-forward' } }],
    ['expired', { held, envelope: await next(2, both, longAgo), expect: expired }],
  ]
}

async function policyRows(): Promise<Row[]> {
  const owner = await pretendOwner(1, now)
  const whole = { owner: address.owner, version: 2, log: { quorum: 0 } }
  const ceiling = pretendNames.ceiling
  const catalogues = [
    { name: 'acme', root: digestOf(toUtf8('a root')), allowed: ['acme'], refused: [] },
  ]
  const sign = (stated: object, signers = owner.keys.root, at = now): Promise<Envelope> =>
    signStatement(
      payloadTypes.policy,
      { ...makePolicy({ ...whole, catalogues, ceiling }, at), ...stated },
      signers,
    )
  const common = { root: toFile(owner.envelope), held: toFile(await sign({})) }
  const adoption = {
    package: 'acme/greenhouse',
    from: { catalogue: 'acme', publisher: 'acme' },
    to: { catalogue: 'own', publisher: 'garden' },
    floor: 3,
  }
  const row = async (name: string, expect: object, sealed: Promise<Envelope>): Promise<Row> => [
    name,
    { ...common, envelope: toFile(await sealed), expect },
  ]
  return Promise.all([
    row('same-version', { version: 2 }, sign({})),
    row('newer', { version: 3 }, sign({ version: 3 })),
    row('with-adoptions', { version: 3 }, sign({ version: 3, adoptions: [adoption] })),
    row(
      'with-an-adoption-without-floor',
      malformed,
      sign({ adoptions: [{ ...adoption, floor: '3' }] }),
    ),
    row('older', { code: 'trust/rollback' }, sign({ version: 1 })),
    row('of-another-owner', { code: 'trust/wrong-owner' }, sign({ owner: 'own_b' })),
    row('by-one-key-of-two', threshold, sign({}, owner.keys.root.slice(0, 1))),
    row('by-the-director', threshold, sign({}, [owner.keys.director])),
    row('expired', expired, sign({}, owner.keys.root, longAgo)),
  ])
}

async function orderRows(): Promise<Row[]> {
  const owner = await pretendOwner(1, now)
  const record = { digest: digestOf(toUtf8('a record')), length: 8 }
  const release = pretendOrdered(record, { settings: { port: 8080, name: 'north "bed"' } })
  const order = { ...pretendOrder({ counter: 8, releases: [release] }, now) }
  const sign = (stated: object, signer = owner.keys.director): Promise<Envelope> =>
    signStatement(payloadTypes.order, { ...order, ...stated }, [signer])
  const row = async (name: string, expect: object, sealed: Promise<Envelope>): Promise<Row> => [
    name,
    { root: toFile(owner.envelope), address, envelope: toFile(await sealed), expect },
  ]
  return Promise.all([
    row('valid', { counter: 8 }, sign({})),
    row('with-an-unknown-member', { counter: 8 }, sign({ 'x-wind': 'north' })),
    row('with-an-unknown-critical-member', malformed, sign({ x: 1, critical: ['x'] })),
    row('for-another-device', { code: 'trust/wrong-device' }, sign({ device: 'dev_b' })),
    row('of-another-owner', { code: 'trust/wrong-owner' }, sign({ owner: 'own_b' })),
    row('replayed', { code: 'trust/replayed-order' }, sign({ counter: 7 })),
    row('older', { code: 'trust/replayed-order' }, sign({ counter: 6 })),
    row('expired', expired, sign({ expires: longAgo })),
    row('by-a-stranger', threshold, sign({}, pretendSigner('mallory'))),
    row('by-an-owner-key', threshold, sign({}, owner.keys.root[0])),
    row('naming-a-package-twice', malformed, sign({ releases: [release, release] })),
    ...hostileEnvelopes(owner, toStatementBytes(order)).map(([name, expect, sealed]) =>
      row(name, expect, sealed),
    ),
  ])
}

/** An order that is signed well and enveloped or spelled badly. */
function hostileEnvelopes(
  { keys }: PretendOwner,
  payload: Uint8Array,
): [name: string, expect: object, sealed: Promise<Envelope>][] {
  const text = fromUtf8(payload)
  const sign = (bytes: Uint8Array, type: string = payloadTypes.order): Promise<Envelope> =>
    signPayload(type, bytes, [keys.director])
  const twice = toUtf8(text.replace('"counter":8', '"counter":1,"counter":8'))
  const fraction = toUtf8(text.replace('"counter":8', '"counter":8.0'))
  const good = sign(payload)
  return [
    ['with-a-key-twice', malformed, sign(twice)],
    ['with-a-fraction', malformed, sign(fraction)],
    ['signed-as-a-policy', malformed, sign(payload, payloadTypes.policy)],
    ['retyped-after-signing', threshold, retyped(sign(payload, payloadTypes.policy))],
    ['payload-changed', threshold, changed(good, toUtf8(text.replace(':8,', ':9,')))],
    ['payload-in-a-second-spelling', malformed, respelled(good)],
    ['signature-is-by-nobody-known', threshold, good.then(one => ({ ...one, signatures: [] }))],
  ]
}

async function retyped(sealed: Promise<Envelope>): Promise<Envelope> {
  return { ...(await sealed), payloadType: payloadTypes.order }
}

async function changed(sealed: Promise<Envelope>, payload: Uint8Array): Promise<Envelope> {
  return { ...(await sealed), payload: Buffer.from(payload).toString('base64') }
}

/** Base64 without its padding, or with a line break: the same bytes, another text. */
async function respelled(sealed: Promise<Envelope>): Promise<Envelope> {
  const envelope = await sealed
  return { ...envelope, payload: `${envelope.payload}\n` }
}

function modelRows(): Row[] {
  const model = makeModel(pretendNames.model)
  const content = toStatementBytes(model)
  const { path, target } = modelTarget(model, content)
  const common = { path, length: target.length, digest: digestOf(content) }
  const text = fromUtf8(content)
  const other = text.replace('greenhouse.', 'greenhaus..')
  const wrong = { code: 'trust/wrong-model' }
  return [
    ['valid', { ...common, content: text, expect: { model: model.model } }],
    ['of-another-digest', { ...common, content: other, expect: { code: 'trust/digest-mismatch' } }],
    ['too-long', { ...common, content: `${text} `, expect: { code: 'trust/length-mismatch' } }],
    ['at-another-path', { ...common, path: 'acme/x/1/all', content: text, expect: wrong }],
  ]
}

function floorRows(): Row[] {
  const cell = (n: number): string =>
    fromUtf8(encodeFloorCell({ generation: n, floors: new Map([['order', n]]) }))
  const torn = cell(7).slice(0, -10)
  const zeroed = '\u0000'.repeat(cell(7).length)
  return [
    ['newer-wins', { a: cell(6), b: cell(7), expect: { order: 7, next: 'a' } }],
    ['swapped', { a: cell(7), b: cell(6), expect: { order: 7, next: 'b' } }],
    ['torn', { a: cell(6), b: torn, expect: { order: 6, next: 'b' } }],
    ['zeroed', { a: zeroed, b: cell(6), expect: { order: 6, next: 'a' } }],
    ['missing', { a: cell(6), b: null, expect: { order: 6, next: 'b' } }],
    ['neither-whole', { a: zeroed, b: torn, expect: { code: 'trust/torn-state' } }],
  ]
}

const threshold = { code: 'trust/threshold' }
const expired = { code: 'trust/expired' }
const malformed = { code: 'trust/malformed' }

function toFile(envelope: Envelope): string {
  return fromUtf8(toEnvelopeBytes(envelope))
}
