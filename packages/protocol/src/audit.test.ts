import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type AuditEntry,
  type AuditHead,
  beforeFirst,
  emptyAudit,
  hashOfEntry,
  verifyAudit,
} from './audit.ts'

const plain = {
  at: '2026-11-21T00:00:00Z',
  by: 'anna',
  place: 'session 192.0.2.7',
  act: 'setSettings',
  fleet: 'home',
  before: '',
  after: '{"level":2}',
} as const

const whole = makeLog(['a', 'b', 'c', 'd', 'e'])
const rewritten = makeLog(['a', 'x', 'c', 'd', 'e'])

describe('an audit log', () => {
  const rows: [what: string, entries: readonly AuditEntry[], code: string | undefined][] = [
    ['as it was written', whole, undefined],
    ['without entries', [], undefined],
    ['with an entry changed', put(2, { ...whole[2]!, subject: 'other' }), 'audit/changed'],
    ['with an entry changed and hashed again', put(2, hashed({ subject: 'other' })), 'audit/order'],
    ['with an entry removed', whole.toSpliced(2, 1), 'audit/gap'],
    ['without its first entry', whole.slice(1), 'audit/gap'],
    ['with an entry twice', whole.toSpliced(2, 0, whole[2]!), 'audit/order'],
    ['with an entry inserted', whole.toSpliced(2, 0, hashed({ sequence: 3 })), 'audit/order'],
    ['with two entries swapped', [whole[0]!, whole[2]!, whole[1]!, whole[3]!], 'audit/gap'],
    ['of two logs', [...whole.slice(0, 2), ...rewritten.slice(2)], 'audit/order'],
  ]
  for (const [what, entries, code] of rows) {
    test(`${what} is ${code ? `refused as ${code}` : 'verified'}`, async () => {
      if (code) await assert.rejects(verifyAudit(each(entries)), { code })
      else assert.equal((await verifyAudit(each(entries))).sequence, entries.length)
    })
  }

  test('of which each byte counts', async () => {
    const text = JSON.stringify(whole[1])
    for (let at = 0; at < text.length; at += 1) {
      const flipped = text.slice(0, at) + (text[at] === '1' ? '2' : '1') + text.slice(at + 1)
      const entry = parse(flipped)
      if (entry) await assert.rejects(verifyAudit(each([whole[0]!, entry])))
    }
  })
})

describe('the head of an audit log that was seen before', () => {
  const seen = headOf(whole, 3)
  test('is found in the log as it went on', async () => {
    assert.deepEqual(await verifyAudit(each(whole), seen), headOf(whole, 5))
    assert.deepEqual(await verifyAudit(each(whole), emptyAudit), headOf(whole, 5))
  })
  test('tells that the log was cut short', async () => {
    await assert.rejects(verifyAudit(each(whole.slice(0, 2)), seen), { code: 'audit/head' })
    await assert.rejects(verifyAudit(each([]), seen), { code: 'audit/head' })
  })
  test('tells that the log was written anew from an earlier entry on', async () => {
    await verifyAudit(each(rewritten))
    await assert.rejects(verifyAudit(each(rewritten), seen), { code: 'audit/head' })
  })
})

function makeLog(subjects: readonly string[]): AuditEntry[] {
  const log: AuditEntry[] = []
  for (const [i, subject] of subjects.entries()) {
    const previous = log.at(-1)?.hash ?? beforeFirst
    const rest = { ...plain, sequence: i + 1, subject, previous }
    log.push({ ...rest, hash: hashOfEntry(rest) })
  }
  return log
}

/** The third entry with a change, and a hash of its own that fits. */
function hashed(change: Partial<AuditEntry>): AuditEntry {
  const rest = { ...whole[2]!, subject: 'inserted', ...change }
  const entry = { ...rest, hash: hashOfEntry(rest) }
  return entry
}

function put(at: number, entry: AuditEntry): AuditEntry[] {
  return whole.with(at, entry)
}

function headOf(log: readonly AuditEntry[], sequence: number): AuditHead {
  return { sequence, hash: log[sequence - 1]!.hash }
}

async function* each(entries: readonly AuditEntry[]): AsyncGenerator<AuditEntry> {
  yield* entries
}

function parse(text: string): AuditEntry | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
