import { type LogProof, toNoteKey } from '@steadfleet/trust'
import { cosignCheckpoint, noteKeyOf, toLogProofText, toNoteKeyText } from '../log-checkpoint.ts'
import { rawPublicKey } from '../signer.ts'
import { pretendCosigned, pretendLog, pretendLogPolicy, pretendOrigin } from './pretend-log.ts'
import { pretendSigner } from './pretend-store.ts'

/** One vector: what is trusted and held, what is offered, and what comes of it. */
interface LogVector {
  readonly expect: { readonly code?: string; readonly size?: number }
  readonly policy: unknown
  readonly held: string | null
  readonly proof: string
  readonly leaf: string
}

const now = new Date('2026-11-21T00:00:00Z')
const both = ['w1', 'w2']

/** What every vector begins with: a log of seven leaves, held, that has grown to three hundred. */
async function makeGround() {
  const [log, small, fork] = await Promise.all([
    pretendLog(300),
    pretendLog(7),
    pretendLog(300, { 3: 'another leaf' }),
  ])
  const note = await pretendCosigned(await log.checkpointBy('log'), both)
  const held = await small.checkpointBy('log')
  const proof = await log.prove(note, 258, 7)
  const base = { policy: pretendLogPolicy(both, 2), held, proof: toLogProofText(proof) }
  return { log, small, fork, note, held, proof, base: { ...base, leaf: 'leaf 258' } }
}
type Ground = Awaited<ReturnType<typeof makeGround>>

/** The frozen vectors of the log, by file name: the same bytes at each call. */
export async function makeLogVectors(): Promise<ReadonlyMap<string, string>> {
  const ground = await makeGround()
  const made = [
    ...(await validVectors(ground)),
    ...(await hostileHistories(ground)),
    ...(await hostileSignatures(ground)),
    ...hostileSpellings(ground),
    ...hostilePolicies(ground),
  ]
  return new Map(
    made.map(([name, changed, expect]) => {
      const vector: LogVector = { ...ground.base, ...changed, expect }
      return [
        `${expect.code ? 'hostile' : 'valid'}/${name}.json`,
        `${JSON.stringify(vector, null, 2)}\n`,
      ]
    }),
  )
}

type Row = readonly [name: string, changed: Partial<LogVector>, expect: LogVector['expect']]

async function validVectors({ log, small, note, base }: Ground): Promise<Row[]> {
  const smallNote = await pretendCosigned(await small.checkpointBy('log'), both)
  const one = await pretendLog(1)
  const oneNote = await one.checkpointBy('log')
  const older = { ...(await small.prove(smallNote, 6)), ...(await history(log, note, 7)) }
  return [
    ['grown', {}, { size: 300 }],
    ['first-seen', { held: null }, { size: 300 }],
    ['held-already', { held: note, proof: await text(log, note, 258) }, { size: 300 }],
    ['older-and-shown-so', { held: note, proof: print(older), leaf: 'leaf 6' }, { size: 300 }],
    [
      'of-one-leaf-unwitnessed',
      {
        policy: pretendLogPolicy([], 0),
        held: null,
        proof: await text(one, oneNote, 0),
        leaf: 'leaf 0',
      },
      { size: 1 },
    ],
    [
      'with-lines-of-strangers',
      { proof: `${base.proof}— stranger.example AAAAAAEC\n— stranger.example AAAAAAEC\n` },
      { size: 300 },
    ],
  ]
}

async function history(log: Ground['log'], note: string, held: number) {
  return { consistency: (await log.prove(note, 0, held)).consistency }
}

async function text(log: Ground['log'], note: string, index: number, held?: number) {
  return print(await log.prove(note, index, held))
}

function print(proof: LogProof): string {
  return toLogProofText(proof)
}

async function hostileHistories({ log, small, fork, note, held, proof }: Ground): Promise<Row[]> {
  const forked = await pretendCosigned(await fork.checkpointBy('log'), both)
  const smallNote = await pretendCosigned(held, both)
  const older = { ...(await small.prove(smallNote, 6)), ...(await history(fork, forked, 7)) }
  const [, ...rest] = proof.hashes
  return [
    ['leaf-of-another', { leaf: 'leaf 257' }, { code: 'trust/not-logged' }],
    ['index-of-another', { proof: print({ ...proof, index: 257 }) }, { code: 'trust/not-logged' }],
    ['index-beyond', { proof: print({ ...proof, index: 300 }) }, { code: 'trust/not-logged' }],
    ['hash-missing', { proof: print({ ...proof, hashes: rest }) }, { code: 'trust/not-logged' }],
    ['forked', { proof: await text(fork, forked, 258, 7) }, { code: 'trust/log-fork' }],
    [
      'forked-at-one-size',
      { held: note, proof: await text(fork, forked, 258) },
      { code: 'trust/log-fork' },
    ],
    ['unexplained', { proof: await text(log, note, 258) }, { code: 'trust/log-fork' }],
    [
      'rolled-back',
      { held: note, proof: await text(small, smallNote, 6), leaf: 'leaf 6' },
      { code: 'trust/log-rollback' },
    ],
    [
      'older-and-forked',
      { held: note, proof: print(older), leaf: 'leaf 6' },
      { code: 'trust/log-fork' },
    ],
  ]
}

async function hostileSignatures({ log, note, proof, base }: Ground): Promise<Row[]> {
  const signed = await log.checkpointBy('log')
  const alias = await cosignCheckpoint(signed, 'alias.example', pretendSigner('w1'), now)
  const aliasKey = toNoteKeyText(noteKeyOf('alias.example', 'cosignature', pretendSigner('w1')))
  const selfKey = toNoteKeyText(noteKeyOf('self.example', 'cosignature', pretendSigner('log')))
  const self = await cosignCheckpoint(signed, 'self.example', pretendSigner('log'), now)
  const w1 = await pretendCosigned(signed, ['w1'])
  const grown = await pretendLog(301)
  const lineOfAnother = (await pretendCosigned(await grown.checkpointBy('log'), ['w2'])).split('\n')
  const stranger = await pretendCosigned(await log.checkpointBy('mallory'), both)
  const elsewhere = await log.checkpointBy('log', 'elsewhere.example')
  const policy = pretendLogPolicy(['w1'], 2)
  const offer = (checkpoint: string) => ({ proof: print({ ...proof, checkpoint }) })
  const witnesses = (key: string) => ({
    policy: { ...policy, witnesses: [...policy.witnesses, key] },
  })
  return [
    ['signed-by-a-stranger', offer(stranger), { code: 'trust/not-logged' }],
    ['of-another-log', offer(elsewhere), { code: 'trust/not-logged' }],
    ['size-changed', offer(note.replace('\n300\n', '\n301\n')), { code: 'trust/not-logged' }],
    ['unwitnessed', offer(signed), { code: 'trust/witness-quorum' }],
    ['one-witness-short', offer(w1), { code: 'trust/witness-quorum' }],
    [
      'one-witness-twice',
      offer(w1 + alias.replace('alias', 'w2')),
      { code: 'trust/witness-quorum' },
    ],
    [
      'one-key-under-two-names',
      { ...offer(w1 + alias), ...witnesses(aliasKey) },
      { code: 'trust/witness-quorum' },
    ],
    [
      'log-as-its-own-witness',
      { ...offer(w1 + self), ...witnesses(selfKey) },
      { code: 'trust/witness-quorum' },
    ],
    [
      'cosignature-of-another-tree',
      offer(`${w1}${lineOfAnother.at(-2)}\n`),
      { code: 'trust/witness-quorum' },
    ],
    [
      'quorum-of-none',
      { policy: { ...base.policy, witnesses: [] } },
      { code: 'trust/witness-quorum' },
    ],
  ]
}

/** One spelling for each thing: what a lenient reader would take is refused. */
function hostileSpellings({ base }: Ground): Row[] {
  const spell = (from: string | RegExp, to: string) => ({ proof: base.proof.replace(from, to) })
  const malformed = { code: 'trust/malformed' }
  const hash = /\nindex 258\n([^\n]+)/.exec(base.proof)?.[1] ?? ''
  return [
    ['no-proof', { proof: '' }, malformed],
    ['first-line-changed', spell('proof@v1', 'proof@v2'), malformed],
    ['index-with-a-zero', spell('index 258', 'index 0258'), malformed],
    ['index-negative', spell('index 258', 'index -1'), malformed],
    ['index-beyond-integers', spell('index 258', 'index 9007199254740993'), malformed],
    ['hash-too-short', spell(hash, 'AAAA'), malformed],
    ['hash-spelt-twice', spell(hash, hash.replace(/.=$/, 'B=')), malformed],
    ['too-many-hashes', spell(hash, Array(64).fill(hash).join('\n')), malformed],
    ['extra-cut', spell(/extra \S+/, 'extra AAAA'), malformed],
    ['no-blank-line', spell(/=\n\n— /, '=\n— '), malformed],
    ['no-signature', spell(/\n— .*/s, '\n'), malformed],
    ['no-last-newline', spell(/\n$/, ''), malformed],
    ['carriage-returns', spell(/\n300\n/, '\r\n300\r\n'), malformed],
    ['control-character', spell(pretendOrigin, `${pretendOrigin}\u0000`), malformed],
    ['hyphen-for-dash', spell('— log', '- log'), malformed],
    ['lone-surrogate', spell(pretendOrigin, '\ud800'), malformed],
    ['signature-without-key-id', spell(/$/, '— w3.example AAAA\n'), malformed],
    ['endless-note', spell(/$/, '— w3.example AAAAAAEC\n'.repeat(4000)), malformed],
  ]
}

function hostilePolicies({ base: { policy } }: Ground): Row[] {
  const [w1 = ''] = policy.witnesses
  const raw = rawPublicKey(pretendSigner('log'))
  const asWitness = toNoteKeyText(toNoteKey(pretendOrigin, 'cosignature', raw))
  const smallOrder = `${pretendOrigin}+00000000+AQ${'A'.repeat(42)}`
  const malformed = { code: 'trust/malformed' }
  return [
    [
      'policy-key-under-a-foreign-id',
      { policy: { ...policy, key: w1.replace(/\+.{8}\+/, '+00000000+') } },
      malformed,
    ],
    ['policy-key-of-a-witness', { policy: { ...policy, key: asWitness } }, malformed],
    ['policy-key-of-no-known-type', { policy: { ...policy, key: 'x+00000000+Bw==' } }, malformed],
    [
      'policy-key-of-small-order',
      { policy: { ...policy, key: smallOrder } },
      { code: 'trust/weak-key' },
    ],
    ['policy-witness-of-a-log', { policy: { ...policy, witnesses: [policy.key] } }, malformed],
    ['policy-quorum-negative', { policy: { ...policy, quorum: -1 } }, malformed],
  ]
}
