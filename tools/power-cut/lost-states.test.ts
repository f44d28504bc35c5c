import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Cut, losingCuts, plainCuts, spread } from './cuts.ts'
import { FileModel, rootInode } from './file-model.ts'
import { filesIn, lostStates } from './lost-states.ts'
import { replay } from './replay.ts'
import type { DiskEvent } from './shared-log.ts'
import { parseTrace } from './system-calls.ts'

/** A file replaced as `mv` would, with or without what makes it durable. */
const careless = ['openat draft', 'write draft new', 'rename draft file']
const careful = ['openat draft', 'write draft new', 'fsync draft', 'rename draft file', 'fsync .']

describe('the states that a cut may leave', () => {
  const rows: [name: string, steps: readonly string[], contents: readonly string[]][] = [
    [
      'a file replaced without a sync is old, new, empty or torn',
      careless,
      ['', 'n', 'new', 'old'],
    ],
    ['a file replaced with care is old or new', careful, ['new', 'old']],
  ]
  for (const [name, steps, contents] of rows) {
    test(`${name}`, () => {
      const found = statesOf(steps).map(model => model.at(model.find('file') ?? -1).content)
      assert.deepEqual([...new Set(found.map(String))].sort(), [...contents].sort())
    })
  }

  test('a draft that has a name of its own may be there beside it, whole or not', () => {
    const drafts = statesOf(careful).map(model => model.find('draft'))
    assert.ok(drafts.includes(undefined) && drafts.some(one => one !== undefined))
  })
})

describe('the cuts of a disk', () => {
  const write = (at: number): DiskEvent => ({
    kind: 'write',
    at,
    offset: at,
    data: new Uint8Array(8),
  })
  const events: DiskEvent[] = [
    write(0),
    write(1),
    { kind: 'flush', at: 2 },
    write(3),
    write(4),
    write(5),
  ]

  test('are after each event, and with each of the writes missing that no flush waited for', () => {
    assert.equal(plainCuts(events, 0).length, 6)
    const lost = losingCuts(events, 0).filter(({ torn }: Cut) => torn === undefined)
    assert.deepEqual(
      lost.map(({ count, lost: gone }) => `${count}:${gone}`),
      ['2:0', '5:3', '6:3', '6:4', '6:3,4'],
    )
  })

  test('come in an order whose every beginning is spread over all of them', () => {
    const order = spread(100)
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      Array.from({ length: 100 }, (_, i) => i),
    )
    const quarters = new Set(order.slice(0, 6).map(i => Math.floor(i / 25)))
    assert.equal(quarters.size, 4)
  })
})

function statesOf(steps: readonly string[]): FileModel[] {
  const model = new FileModel()
  model.make({ kind: 'directory', mode: 0o755 })
  const file = model.make({ kind: 'file', mode: 0o644, content: Buffer.from('old') })
  model.at(rootInode).entries.set('file', file)
  const before = model.copy()
  const acts = replay(parseTrace(steps.map(toLine).join('\n')), '/state', model)
  for (const [number, inode] of model.inodes) {
    if (before.inodes.has(number)) continue
    before.inodes.set(number, { ...inode, content: Buffer.alloc(0), entries: new Map() })
  }
  return lostStates(acts).map(state => filesIn(before, acts, state))
}

/** A step as strace writes it. */
function toLine(step: string): string {
  const [call = '', first = '', second = ''] = step.split(' ')
  const path = (name: string) => (name === '.' ? '/state' : `/state/${name}`)
  const rows: Record<string, string> = {
    openat: `openat(AT_FDCWD</>, "${hex(path(first))}", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3<${hex(path(first))}>`,
    write: `write(3<${hex(path(first))}>, "${hex(second)}", ${second.length}) = ${second.length}`,
    rename: `rename("${hex(path(first))}", "${hex(path(second))}") = 0`,
    fsync: `fsync(3<${hex(path(first))}>) = 0`,
  }
  return `7 ${rows[call]}`
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex').replaceAll(/../g, '\\x$&')
}
