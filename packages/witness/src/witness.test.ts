import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  growLog,
  proveLogged,
  proveOneHistory,
  publishCheckpoint,
  toAddCheckpoint,
  toLogProofText,
  toPkcs8Pem,
} from '@steadfleet/authority'
import {
  pretendLog,
  pretendLogPolicy,
  pretendOrigin,
  pretendSigner,
  pretendTiles,
  seedOf,
} from '@steadfleet/authority/testing'
import { toBase64, toUtf8 } from '@steadfleet/base'
import {
  acceptLogged,
  countWitnesses,
  logPolicy,
  parseLogProof,
  parseNote,
  parseNoteKey,
  type SignedCheckpoint,
} from '@steadfleet/trust'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const policy = logPolicy(pretendLogPolicy([], 1), 'policy')

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steadfleet-witness-'))
  await writeFile(join(folder, 'key.pem'), toPkcs8Pem(seedOf('w1')), { mode: 0o600 })
  await writeFile(join(folder, 'logs'), `# the log\n\n${pretendLogPolicy([], 0).key}\n`)
})
after(() => rm(folder, { recursive: true }))

describe('a witness', () => {
  test('cosigns a log as it grows, and again what it cosigned before', async t => {
    const witness = await start(t, 'grows')
    for (const [old, size] of [
      [0, 3],
      [3, 8],
      [8, 8],
      [8, 300],
      [300, 513],
    ] as const) {
      const reply = await submit(witness, { old, size })
      assert.equal(reply.status, 200, `${size}: ${reply.body}`)
      assert.ok(isCosigned(witness, reply), `${size}`)
    }
  })

  /** Each asked of a witness that cosigned the tree of 8. */
  const rows: [why: string, asked: Asked, status: number, body?: RegExp][] = [
    ['a smaller old size', { old: 3, size: 9 }, 409, /^8\n$/],
    ['an old size of none', { old: 0, size: 9 }, 409, /^8\n$/],
    ['a larger old size', { old: 9, size: 10 }, 409, /^8\n$/],
    ['an old size above its own', { old: 11, size: 10 }, 400],
    ['a smaller tree', { old: 3, size: 5 }, 409, /^8\n$/],
    ['another tree of that size', { old: 8, size: 8, changed: true }, 409, /^8\n$/],
    ['a fork', { old: 8, size: 9, changed: true }, 422],
    ['no proof', { old: 8, size: 9, proof: [] }, 422],
    ['a proof where none is due', { old: 8, size: 8, proof: ['A'.repeat(43).concat('=')] }, 422],
    ['a tree that a stranger signed', { old: 8, size: 9, by: 'mallory' }, 403],
    ['an unknown log', { old: 8, size: 9, origin: 'other.example' }, 404],
    ['64 hashes', { old: 8, size: 9, proof: Array(64).fill('A'.repeat(43).concat('=')) }, 400],
    ['a hash that is too short', { old: 8, size: 9, proof: ['AAAA'] }, 400],
    ['a hash that is no base64', { old: 8, size: 9, proof: ['*'] }, 400],
    ['an old size with a zero before it', { edit: body => body.replace('old 8', 'old 08') }, 400],
    [
      'an old size beyond integers',
      { edit: body => body.replace('old 8', 'old 9007199254740993') },
      400,
    ],
    ['no old size', { edit: body => body.replace('old 8\n', '') }, 400],
    ['no blank line', { edit: body => body.replaceAll('\n\n', '\n') }, 400],
    ['nothing', { edit: () => '' }, 400],
    ['no signature', { edit: body => body.replace(/— .*/s, '') }, 400],
    [
      'bytes that are no UTF-8',
      { edit: body => Buffer.concat([Buffer.from(body), Buffer.from([0xff])]) },
      400,
    ],
    ['more than a request may be', { edit: body => body + 'x'.repeat(300_000) }, 413],
  ]
  test('answers what it must not cosign with the status of the specification', async t => {
    const witness = await start(t, 'statuses')
    assert.equal((await submit(witness, { old: 0, size: 8 })).status, 200)
    for (const [why, asked, status, body = /^cannot /] of rows) {
      const reply = await submit(witness, { old: 8, size: 9, ...asked })
      assert.equal(reply.status, status, `${why}: ${reply.body}`)
      assert.match(reply.body, body, why)
      if (status === 409) assert.equal(reply.type, 'text/x.tlog.size', why)
    }
    assert.equal((await fetch(`${witness.origin}/add-checkpoint`)).status, 405)
    assert.equal((await fetch(`${witness.origin}/checkpoint`)).status, 404)
    assert.equal((await submit(witness, { old: 8, size: 9 })).status, 200)
  })

  test('asked by the keeper of a log for a proof that a device then accepts', async t => {
    const witness = await start(t, 'device')
    const store = pretendTiles()
    const keeper = { store, origin: pretendOrigin, signer: pretendSigner('log') }
    const trusted = { ...policy, witnesses: [parseNoteKey(witness.key)] }
    let held: SignedCheckpoint | undefined
    for (const leaves of [['a release'], ['another', 'and one more']]) {
      const { first, note } = await growLog(keeper, leaves.map(toUtf8))
      const line = await post(witness, await toAddCheckpoint(keeper, note, held?.size ?? 0))
      assert.equal(line.status, 200, line.body)
      const published = await publishCheckpoint(store, note, [line.body])
      const proof = toLogProofText(await proveLogged(store, published, first, held?.size))
      held = acceptLogged(trusted, held, parseLogProof(proof), toUtf8(leaves[0]!))
    }
    assert.equal(held?.size, 3)
  })

  test('cosigns one of the trees that race for one size, and no other', async t => {
    const witness = await start(t, 'races')
    assert.equal((await submit(witness, { old: 0, size: 3 })).status, 200)
    const forks = await Promise.all(
      Array.from({ length: 24 }, async (_, i) =>
        requestOf({ old: 3, size: 7, leaf: `fork ${i % 12}` }),
      ),
    )
    const replies = await Promise.all(forks.map(body => post(witness, body)))
    const cosigned = replies.flatMap(({ status }, i) => (status === 200 ? [i % 12] : []))
    assert.equal(cosigned.length, 1)
    assert.ok(replies.every(({ status }) => status === 200 || status === 409))
    for (let i = 0; i < 12; i++) {
      const again = await submit(witness, { old: 7, size: 7, leaf: `fork ${i}` })
      assert.equal(again.status, cosigned.includes(i) ? 200 : 409)
    }
  })

  test('killed at any instant has not forgotten what it cosigned', async t => {
    let [acknowledged, asked] = [0, 0]
    for (let round = 0; round < 5; round++) {
      const witness = await start(t, 'killed')
      const held = await heldBy(witness)
      assert.ok(held === acknowledged || held === asked, `${held}: ${acknowledged} or ${asked}`)
      if (held > 0) {
        const fork = await submit(witness, { old: held, size: held, changed: true })
        assert.equal(fork.status, 409)
        assert.equal((await submit(witness, { old: held, size: held })).status, 200)
      }
      acknowledged = held
      // One request is on its way when it dies: it was remembered, or it was never answered.
      const last = acknowledged + 1 + (round % 3)
      for (asked = acknowledged + 1; asked < last; acknowledged = asked++) {
        const reply = await submit(witness, { old: acknowledged, size: asked })
        assert.equal(reply.status, 200)
      }
      const body = await requestOf({ old: acknowledged, size: asked })
      const pending = post(witness, body).then(
        ({ status }) => status,
        () => 0,
      )
      if (round % 2 === 0) await fetch(witness.origin).catch(() => undefined)
      await kill(witness.child, 'SIGKILL')
      if ((await pending) === 200) acknowledged = asked
    }
  })

  test('that is told to end and started again goes on where it was', async t => {
    const first = await start(t, 'again')
    assert.equal((await submit(first, { old: 0, size: 8 })).status, 200)
    assert.equal(await kill(first.child, 'SIGTERM'), 0)
    const second = await start(t, 'again')
    assert.equal((await submit(second, { old: 8, size: 9, changed: true })).status, 422)
    assert.equal((await submit(second, { old: 8, size: 9 })).status, 200)
  })

  test('does not start where another one works, nor with damaged state, nor without a log', async t => {
    const witness = await start(t, 'held')
    assert.equal((await submit(witness, { old: 0, size: 8 })).status, 200)
    assert.equal(await refusalOf('held'), 'witness/held')
    await kill(witness.child, 'SIGTERM')
    const state = join(folder, 'held')
    const [name = ''] = (await readdir(state)).filter(file => file.endsWith('.checkpoint'))
    for (const damage of [
      '',
      'log.example/greenhouse\n8\n',
      'other\n1\nAAAA\n\n— other AAAAAAEC\n',
    ]) {
      await writeFile(join(state, name), damage)
      assert.equal(await refusalOf('held'), 'witness/state')
    }
    await writeFile(join(folder, 'none'), '# nobody\n')
    assert.equal(await refusalOf('other', 'none'), 'witness/usage')
  })
})

interface Running {
  readonly child: ChildProcess
  readonly origin: string
  readonly key: string
}
interface Asked {
  readonly old?: number
  readonly size?: number
  /** Leaf 0 says otherwise: a fork at any size. */
  readonly changed?: boolean
  /** What leaf 5 says. */
  readonly leaf?: string
  readonly proof?: readonly string[]
  readonly by?: string
  readonly origin?: string
  readonly edit?: (body: string) => string | Uint8Array
}

async function requestOf(asked: Asked): Promise<string> {
  const { old = 0, size = 1, by = 'log', origin = pretendOrigin, changed, leaf } = asked
  const log = await pretendLog(size, {
    ...(changed ? { 0: 'another leaf' } : {}),
    ...(leaf ? { 5: leaf } : {}),
  })
  const { store } = old > size ? await pretendLog(old) : log
  const proof = asked.proof ?? (await proveOneHistory(store, old, size)).map(toBase64)
  return `${[`old ${old}`, ...proof].join('\n')}\n\n${await log.checkpointBy(by, origin)}`
}

interface Reply {
  readonly status: number
  readonly body: string
  readonly type: string | null
  readonly note: string
}

async function submit(witness: Running, asked: Asked): Promise<Reply> {
  const body = await requestOf(asked)
  return post(witness, asked.edit ? asked.edit(body) : body)
}

async function post({ origin }: Running, body: string | Uint8Array): Promise<Reply> {
  const reply = await fetch(`${origin}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) })
  const text = Buffer.from(body).toString()
  const note = text.slice(text.indexOf('\n\n') + 2)
  const type = reply.headers.get('content-type')
  return { status: reply.status, body: await reply.text(), type, note }
}

function isCosigned({ key }: Running, { note, body }: Reply): boolean {
  return countWitnesses({ ...policy, witnesses: [parseNoteKey(key)] }, parseNote(note + body)) === 1
}

/** Asked with a false old size, it tells the last that it cosigned. */
async function heldBy(witness: Running): Promise<number> {
  const { status, body } = await submit(witness, { old: 400, size: 400, proof: [] })
  assert.equal(status, 409)
  return Number(body)
}

async function start(t: TestContext, state: string): Promise<Running> {
  const child = spawn(process.execPath, argumentsOf(state), { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => kill(child, 'SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, ...JSON.parse(line) }
  }
  throw new Error('the witness ended before it was ready')
}

/** The code with which a witness says that it can't start. */
async function refusalOf(state: string, logs?: string): Promise<string> {
  const child = spawn(process.execPath, argumentsOf(state, logs), {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let told = ''
  for await (const text of child.stderr.setEncoding('utf8')) told += text
  return JSON.parse(told).code
}

function argumentsOf(state: string, logs = 'logs'): string[] {
  const files = ['--key', join(folder, 'key.pem'), '--log', join(folder, logs)]
  return [
    main,
    '--state',
    join(folder, state),
    '--listen',
    '127.0.0.1:0',
    '--name',
    'w1.example',
    ...files,
  ]
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  child.kill(signal)
  return ended
}
