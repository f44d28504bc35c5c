import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import {
  makeDelegatedRole,
  makeOrder,
  makeOwnerRoot,
  makeRoot,
  makeSnapshot,
  makeTimestamp,
  signerFromSeed,
  signMetadata,
  signStatement,
  toCheckpointText,
  toEnvelopeBytes,
  toPkcs8Pem,
  toStatementBytes,
} from '@steadfleet/authority'
import { fromBase64, toBase64, toCanonical, toUtf8 } from '@steadfleet/base'
import { isSignedBy, payloadTypes, preAuthenticationEncoding, publicKey } from '@steadfleet/trust'

const program = join(import.meta.dirname, 'main.ts')
const seeds = { snapshot: seedOf(1), timestamp: seedOf(2), director: seedOf(3), log: seedOf(4) }
const now = new Date()

let folder: string
let signer: ChildProcess

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'steadfleet-signer-'))
  for (const [role, seed] of Object.entries(seeds)) {
    await writeFile(join(folder, `${role}.pem`), toPkcs8Pem(seed), { mode: 0o600 })
  }
  await writeFile(join(folder, 'log.origin'), 'home.log/1\n')
  await writeRoots(folder)
  signer = await started()
})
after(async () => {
  signer.stdin?.end()
  await rm(folder, { recursive: true, force: true })
})

describe('the signer', { concurrency: false }, () => {
  test('listens on a socket that is its owner’s alone', async () => {
    assert.equal((await stat(join(folder, 'socket'))).mode & 0o777, 0o600)
  })

  test('signs a timestamp and a snapshot, each with its own key', async () => {
    for (const role of ['snapshot', 'timestamp'] as const) {
      const payload = role === 'snapshot' ? snapshot(1) : await timestamp(1)
      const { signatures } = await ask(role, [payload])
      assert.ok(isSignedBy(rawKey(seeds[role]), payload, fromBase64(signatures![0]!.sig)))
    }
  })

  test('signs many orders at once, as DSSE does', async () => {
    const payloads = ['a', 'b', 'c'].map(name => order(name, 1))
    const { signatures } = await ask('director', payloads)
    for (const [i, payload] of payloads.entries()) {
      const message = preAuthenticationEncoding(payloadTypes.order, payload)
      assert.ok(isSignedBy(rawKey(seeds.director), message, fromBase64(signatures![i]!.sig)))
    }
  })

  const trees: [what: string, size: number, root: number, code?: string][] = [
    ['the first tree', 3, 1],
    ['the same again, whose answer got lost', 3, 1],
    ['another tree of that size', 3, 2, 'signer/fork'],
    ['a smaller tree', 2, 1, 'signer/not-rising'],
    ['a larger tree', 300, 3],
    ['the first tree after the larger one', 3, 1, 'signer/not-rising'],
  ]
  for (const [what, size, root, code] of trees) {
    test(`${code ? 'does not sign' : 'signs'} of a log ${what}`, async () => {
      const payload = checkpoint(size, root)
      const { signatures, problem } = await ask('log', [payload])
      assert.equal(problem?.code, code)
      if (code) return
      assert.ok(isSignedBy(rawKey(seeds.log), payload, fromBase64(signatures![0]!.sig)))
    })
  }

  test('goes on with a log in its next shard, and never in one before', async () => {
    assert.ok((await ask('log', [checkpoint(2, 5, 'home.log/1/2')])).signatures)
    assert.equal((await ask('log', [checkpoint(400, 6)])).problem?.code, 'signer/not-rising')
    assert.ok((await ask('log', [checkpoint(3, 5, 'home.log/1/2')])).signatures)
    const others = [
      'home.log/1/1',
      'home.log/1/02',
      'home.log/1/x',
      'home.log/12',
      'home.log/1/2/2',
    ]
    for (const other of others) {
      const { problem } = await ask('log', [checkpoint(9, 1, other)])
      assert.equal(problem?.code, 'signer/foreign-type', other)
    }
  })

  test('tells its public keys, and nothing of the others', async () => {
    const { keys } = await ask('keys', [])
    assert.equal(keys?.director?.keyval.public, Buffer.from(rawKey(seeds.director)).toString('hex'))
  })

  test('makes keys for a further catalogue, which sign for it alone', async () => {
    const { key } = await ask('make-key', [toUtf8('snapshot@garden')])
    const { key: again } = await ask('make-key', [toUtf8('snapshot@garden')])
    assert.deepEqual(again, key)
    const { key: timestampKey } = await ask('make-key', [toUtf8('timestamp@garden')])
    const unnamed = await ask('snapshot@garden', [snapshot(1)])
    assert.equal(unnamed.problem?.code, 'signer/not-named')
    const only = (one: unknown) => ({ keys: [publicKey(one as never, 'key')], threshold: 1 })
    const offline = signerFromSeed(seedOf(8))
    const mine = { root: only(offline.key), targets: only(offline.key) }
    const roles = { ...mine, snapshot: only(key), timestamp: only(timestampKey) }
    const root = await signMetadata(makeRoot(1, roles, now), [offline])
    assert.equal((await ask('offer-root', [root, toUtf8('garden')])).problem, undefined)
    const first = await ask('snapshot@garden', [snapshot(1)])
    const raw = Buffer.from(key?.keyval.public ?? '', 'hex')
    assert.ok(isSignedBy(raw, snapshot(1), fromBase64(first.signatures![0]!.sig)))
    const { problem } = await ask('snapshot@garden', [snapshot(1)])
    assert.deepEqual(
      [problem?.code, problem?.details.name],
      ['signer/not-rising', 'snapshot@garden'],
    )
    const mode = (await stat(join(folder, 'catalogues', 'garden', 'snapshot.pem'))).mode & 0o777
    assert.equal(mode, 0o600)
  })

  test('takes no path for the name of a catalogue', async () => {
    const { problem } = await ask('look', [toUtf8('../catalogue')])
    assert.equal(problem?.code, 'signer/malformed')
  })

  for (const role of ['snapshot@nobody', 'director@garden', 'snapshot@../x', 'timestamp@']) {
    test(`signs nothing for ${role}`, async () => {
      const { problem } = await ask(role, [snapshot(9)])
      assert.equal(problem?.code, 'signer/unknown-role')
    })
  }

  const refusals: [
    what: string,
    role: string,
    payload: () => Uint8Array | Promise<Uint8Array>,
    code: string,
  ][] = [
    ['a number that was signed', 'snapshot', () => snapshot(1), 'signer/not-rising'],
    ['a timestamp as a snapshot', 'snapshot', () => timestamp(9), 'signer/foreign-type'],
    ['an order as a timestamp', 'timestamp', () => order('a', 9), 'signer/foreign-type'],
    [
      'a publisher’s role',
      'snapshot',
      () => toCanonical(makeDelegatedRole(9, {}, now)),
      'signer/foreign-type',
    ],
    ['an order twice for one device', 'director', () => order('a', 1), 'signer/not-rising'],
    ['what is no JSON', 'director', () => Buffer.from('{'), 'signer/malformed'],
    [
      'an order without a device',
      'director',
      () => toCanonical({ type: 'order', counter: 1 }),
      'signer/malformed',
    ],
    [
      'a snapshot that is not canonical',
      'snapshot',
      () => Buffer.from(JSON.stringify(JSON.parse(Buffer.from(snapshot(9)).toString()), null, 1)),
      'signer/malformed',
    ],
    [
      'a file with signatures of its own',
      'snapshot',
      async () => signMetadata(makeSnapshot(9, new Map(), now), []),
      'signer/foreign-type',
    ],
    [
      'a timestamp that lives too long',
      'timestamp',
      () => timestamp(9, new Date(now.getTime() + 3 * 86_400_000)),
      'signer/expiry',
    ],
    [
      'a checkpoint of another log',
      'log',
      () => checkpoint(900, 1, 'away.log/1'),
      'signer/foreign-type',
    ],
    [
      'a checkpoint with an extension',
      'log',
      () => Buffer.concat([checkpoint(900, 1), toUtf8('more\n')]),
      'signer/malformed',
    ],
    ['a snapshot as a checkpoint', 'log', () => snapshot(9), 'signer/malformed'],
    ['an empty tree', 'log', () => checkpoint(0, 1), 'signer/not-rising'],
    ['for a role it does not hold', 'root', () => snapshot(9), 'signer/unknown-role'],
  ]
  for (const [what, role, payload, code] of refusals) {
    test(`does not sign ${what}`, async () => {
      const { problem, signatures } = await ask(role, [await payload()])
      assert.equal(signatures, undefined)
      assert.equal(problem?.code, code)
    })
  }

  test('signs all payloads of a request or none', async () => {
    const { problem } = await ask('director', [order('d', 5), order('a', 1)])
    assert.deepEqual([problem?.code, problem?.details.held], ['signer/not-rising', 1])
    assert.ok((await ask('director', [order('d', 5)])).signatures)
  })

  test('remembers what it signed after a kill -9, and drops a line cut short', async () => {
    const ended = once(signer, 'exit')
    signer.kill('SIGKILL')
    await ended
    await appendFile(join(folder, 'floors'), 'director/dev_z 99')
    signer = await started()
    assert.equal((await ask('director', [order('a', 1)])).problem?.code, 'signer/not-rising')
    assert.ok((await ask('director', [order('a', 2)])).signatures)
    const shard = 'home.log/1/2'
    assert.equal((await ask('log', [checkpoint(3, 4, shard)])).problem?.code, 'signer/fork')
    assert.ok((await ask('log', [checkpoint(3, 5, shard)])).signatures)
    assert.equal((await ask('log', [checkpoint(500, 4)])).problem?.code, 'signer/not-rising')
    assert.equal((await readFile(join(folder, 'floors'), 'utf8')).includes('dev_z'), false)
  })

  test('is one: a second on the same socket refuses', async () => {
    const second = spawn(
      process.execPath,
      [program, '--keys', folder, '--data', folder, '--socket', join(folder, 'socket')],
      {
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    )
    const [line] = await once(createInterface({ input: second.stderr! }), 'line')
    assert.equal(JSON.parse(String(line)).code, 'signer/busy')
  })

  test('uses no key that others may read', async () => {
    const path = join(folder, 'director.pem')
    await chmod(path, 0o644)
    const second = spawn(
      process.execPath,
      [program, '--keys', folder, '--data', folder, '--socket', join(folder, 'other')],
      {
        stdio: ['pipe', 'ignore', 'pipe'],
      },
    )
    const [line] = await once(createInterface({ input: second.stderr! }), 'line')
    assert.equal(JSON.parse(String(line)).code, 'signer/key')
    await chmod(path, 0o600)
  })

  test('ends when whoever started it goes away', async () => {
    const ended = once(signer, 'exit')
    signer.stdin?.end()
    assert.deepEqual(await ended, [0, null])
  })
})

interface Answer {
  readonly signatures?: { keyid: string; sig: string }[]
  readonly keys?: Record<string, { keyval: { public: string } }>
  readonly key?: { keyval: { public: string } }
  readonly problem?: { code: string; details: Record<string, unknown> }
}

/** Roots that name the keys above, as a server's folder holds them. */
async function writeRoots(data: string): Promise<void> {
  const role = (...bytes: number[]) => ({
    keys: bytes.map(byte => signerFromSeed(seedOf(byte)).key),
    threshold: 1,
  })
  const online = { snapshot: role(1), timestamp: role(2) }
  const root = makeRoot(1, { root: role(5), targets: role(6), ...online }, now)
  const owner = makeOwnerRoot(1, { root: role(7), director: role(3) }, now)
  const sealed = await signStatement(payloadTypes.ownerRoot, owner, [signerFromSeed(seedOf(7))])
  for (const name of ['catalogue', 'owner']) await mkdir(join(data, name))
  const file = await signMetadata(root, [signerFromSeed(seedOf(5))])
  await writeFile(join(data, 'catalogue', '1.root.json'), file)
  await writeFile(join(data, 'owner', '1.owner-root.json'), toEnvelopeBytes(sealed))
}

async function started(): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [program, '--keys', folder, '--data', folder, '--socket', join(folder, 'socket')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  await once(createInterface({ input: child.stdout! }), 'line')
  return child
}

async function ask(role: string, payloads: readonly Uint8Array[]): Promise<Answer> {
  const socket = createConnection(join(folder, 'socket'))
  socket.write(`${JSON.stringify({ id: 1, role, payloads: payloads.map(toBase64) })}\n`)
  const [line] = await once(createInterface({ input: socket }), 'line')
  socket.destroy()
  return JSON.parse(String(line))
}

function checkpoint(size: number, root: number, origin = 'home.log/1'): Uint8Array {
  return toUtf8(toCheckpointText({ origin, size, root: seedOf(root) }))
}

function snapshot(version: number): Uint8Array {
  return toCanonical(makeSnapshot(version, new Map(), now))
}

async function timestamp(version: number, from = now): Promise<Uint8Array> {
  const file = await signMetadata(makeSnapshot(1, new Map(), from), [])
  return toCanonical(makeTimestamp(version, file, from))
}

function order(name: string, counter: number): Uint8Array {
  const device = `dev_${name.repeat(20)}`
  const content = { model: 'acme/box/1/all', releases: [], policy: {} }
  return toStatementBytes(makeOrder({ device, owner: 'own_x', counter, ...content }, now))
}

function seedOf(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte)
}

function rawKey(seed: Uint8Array): Uint8Array {
  return Buffer.from(signerFromSeed(seed).key.keyval.public, 'hex')
}
