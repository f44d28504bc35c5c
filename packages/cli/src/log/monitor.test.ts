import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import {
  addRelease,
  makeModel,
  modelTarget,
  nextVersion,
  parseEntryBundle,
  signCheckpoint,
  signerFromPem,
  signMetadata,
  toStatementBytes,
} from '@steadfleet/authority'
import { digestOf, fromUtf8, toHexDigest } from '@steadfleet/base'
import { publishRole } from '@steadfleet/protocol'
import { openCheckpoint, parseCheckpoint, parseNote, parseNoteKey } from '@steadfleet/trust'
import { connect } from '../fleet/connect.ts'
import { type Home, publisherKey } from '../fleet/home.ts'
import { initFleet } from '../fleet/init.ts'
import { programs } from '../process/checkout.ts'
import { heldRole } from '../publish/role.ts'
import { runWords } from '../testing.ts'
import { noteSigned } from './signed-list.ts'

describe('the monitor of a log', { concurrency: false }, () => {
  let home: Home
  let server: ChildProcess
  const log = (...path: string[]) => join(home.directory, 'server', 'log', ...path)
  before(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'steadfleet-monitor-'))
    const choices = { fleet: 'home', publisher: 'acme', model: 'box', required: [] }
    const rest = { server: 'http://127.0.0.1:1', keys: 'unencrypted' } as const
    const world = { now: () => new Date(), random: randomBytes }
    home = (await initFleet(directory, { ...choices, ...rest }, world)).home
    const words = [programs.server, '--data', join(directory, 'server'), '--listen', '127.0.0.1:0']
    server = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'ignore'] })
    const [line] = await once(createInterface({ input: server.stdout! }), 'line')
    home = { ...home, server: JSON.parse(String(line)).origins[0] }
    const file = join(directory, 'steadfleet.json')
    const kept = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...kept, server: home.server }))
    // The log takes up what `init` signed by itself; a role that is published waits for it.
    await publish(home, 2, 'listed')
  })
  after(async () => {
    const ended = once(server, 'exit')
    server.kill('SIGTERM')
    await ended
    rmSync(home.directory, { recursive: true, force: true })
  })

  test('at its first look knows all that this machine signed', async () => {
    const { exit, found, last } = await look(home)
    assert.deepEqual(
      found.map(({ kind, about }) => `${kind} ${about}`).sort(),
      [
        'other an ownership commitment',
        'other catalogue root 1',
        'own release acme/box/1/all',
        'own release acme/box/2/all',
      ].sort(),
    )
    assert.deepEqual([exit, last.from, last.size], [0, 0, 4])
  })

  test('goes on from where it was, and has nothing to say where nothing is new', async () => {
    const { exit, found, last } = await look(home)
    assert.deepEqual([exit, found, last.from, last.size], [0, [], 4, 4])
  })

  test('tells of a release that somebody else signed with the publisher’s key', async () => {
    await publish(home, 3, 'listed')
    await publish(home, 4, 'by a thief')
    const { exit, found, error } = await look(home)
    assert.deepEqual(
      found.map(({ kind, about }) => `${kind} ${about}`),
      ['own release acme/box/3/all', 'foreign release acme/box/4/all'],
    )
    assert.deepEqual([exit, error?.code, error?.details.alarms], [8, 'cli/not-ours', 1])
  })

  test('takes the list of another machine of the publisher’s', async () => {
    await publish(home, 5, 'by a thief')
    const other = join(home.directory, 'other.jsonl')
    writeFileSync(other, `${newestLeaf(log())}\n`)
    const { exit, found } = await look(home, '--signed', other)
    assert.deepEqual([exit, found[0]?.kind], [0, 'own'])
  })

  test('takes no state that is damaged for a beginning', async () => {
    const name = readdirSync(home.directory).find(one => one.startsWith('log-monitor-')) ?? ''
    const path = join(home.directory, name)
    const kept = readFileSync(path)
    for (const length of [0, 40, kept.length - 30]) {
      truncateSync(path, length)
      const { exit, error } = await look(home)
      assert.deepEqual([exit, error?.code], [1, 'cli/damaged'])
      writeFileSync(path, kept)
    }
  })

  test('finds out a log that went back', async () => {
    const now = readFileSync(log('checkpoint'))
    await publish(home, 6, 'listed')
    assert.equal((await look(home)).exit, 0)
    const next = readFileSync(log('checkpoint'))
    writeFileSync(log('checkpoint'), now)
    const { exit, error } = await look(home)
    assert.deepEqual([exit, error?.code], [8, 'trust/log-rollback'])
    writeFileSync(log('checkpoint'), next)
  })

  test('finds out a log whose entries are not those that it signed', async () => {
    await publish(home, 7, 'listed')
    const size = Number(readFileSync(log('checkpoint'), 'utf8').split('\n')[1])
    const bundle = log('tile', 'entries', '000.p', `${size}`)
    const text = readFileSync(bundle, 'latin1')
    writeFileSync(bundle, text.replace('acme/box/7/all', 'acme/box/1/all'), 'latin1')
    const held = heldNote(home)
    const { exit, error } = await look(home)
    assert.deepEqual([exit, error?.code], [8, 'trust/log-fork'])
    assert.deepEqual(
      Object.keys(error.details).filter(name => name.endsWith('Note')),
      [],
    )
    const evidence = JSON.parse(readFileSync(error.details.evidence, 'utf8'))
    const both = [held, readFileSync(log('checkpoint'), 'utf8')]
    assert.deepEqual([evidence.heldNote, evidence.offeredNote], both)
    const { origin } = parseCheckpoint(parseNote(held).text)
    assert.match(basename(error.details.evidence), /^fork-.+\.evidence$/)
    // The key in the file is enough to open both: nothing else of this machine is needed.
    const opened = both.map(note => openCheckpoint(parseNoteKey(evidence.log), note))
    assert.deepEqual(
      opened.map(one => one.origin),
      [origin, origin],
    )
  })

  test('keeps both notes where one size was signed twice: they alone show the fork', async () => {
    const held = heldNote(home)
    const { origin, size } = parseCheckpoint(parseNote(held).text)
    const pem = readFileSync(join(home.directory, 'server', 'signer', 'log.pem'), 'utf8')
    const root = new Uint8Array(32)
    const note = await signCheckpoint({ origin, size, root }, signerFromPem(pem))
    writeFileSync(log('checkpoint'), note)
    const { exit, error } = await look(home)
    assert.deepEqual([exit, error?.code], [8, 'trust/log-fork'])
    const { heldNote: one, offeredNote: two } = JSON.parse(
      readFileSync(error.details.evidence, 'utf8'),
    )
    assert.deepEqual([one, two], [held, note])
  })
})

/** The note that a monitor follows on from. */
function heldNote({ directory }: Home): string {
  const name = readdirSync(directory).find(one => one.startsWith('log-monitor-')) ?? ''
  return JSON.parse(readFileSync(join(directory, name), 'utf8')).note
}

interface Found {
  readonly kind: string
  readonly about: string
}

async function look(home: Home, ...words: string[]) {
  const call = ['log', 'monitor', '--once', '--json', '--dir', home.directory, ...words]
  const { exit, out, err } = await runWords(call)
  const lines = out.split('\n').filter(Boolean)
  const all = lines.map(line => JSON.parse(line))
  return {
    exit,
    found: all.slice(0, -1) as Found[],
    last: all.at(-1) as { from: number; size: number },
    error: err === '' ? undefined : JSON.parse(err).error,
  }
}

/** Publishes the next revision of the model; a thief has the key and not this machine's list. */
async function publish(home: Home, revision: number, by: 'listed' | 'by a thief'): Promise<void> {
  const summary = 'A box'
  const architectures = ['amd64'] as const
  const about = { summary, architectures, slots: [], required: [], interfaces: [] }
  const model = makeModel({ model: 'acme/box', revision, ...about })
  const content = toStatementBytes(model)
  const digest = digestOf(content)
  const hex = toHexDigest(digest)
  const folder = join(home.directory, 'server', 'objects', hex.slice(0, 2))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, hex), content)
  const { path, target } = modelTarget(model, content)
  if (by === 'listed') await noteSigned(home, [{ path, digest, length: content.length }])
  const client = await connect(home)
  const key = await publisherKey(home)
  const { signed } = await heldRole(home, client, new Date())
  const role = nextVersion(addRelease(signed, path, target), 'publisher', new Date())
  const body = await signMetadata(role, [key])
  await client.call(publishRole, { params: { role: 'acme' }, body })
}

function newestLeaf(folder: string): string {
  const partial = join(folder, 'tile', 'entries', '000.p')
  const width = Math.max(...readdirSync(partial).map(Number))
  return fromUtf8(parseEntryBundle(readFileSync(join(partial, `${width}`))).at(-1)!)
}
