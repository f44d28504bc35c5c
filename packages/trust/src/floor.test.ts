import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { digestOf, toUtf8 } from '@steadfleet/base'
import { encodeFloorCell, raiseFloors, readFloorCells } from './floor.ts'

const older = encodeFloorCell({ generation: 6, floors: new Map([['order', 6]]) })
const newer = encodeFloorCell({ generation: 7, floors: new Map([['order', 7]]) })
const zeroed = new Uint8Array(newer.length)
const cut = newer.slice(0, newer.length - 10)
const changed = Uint8Array.from(newer, (byte, i) => (i === 12 ? byte ^ 1 : byte))
const policy = toUtf8('{"type":"policy"}')
const other = new Uint8Array([...policy, ...toUtf8(`\n${digestOf(policy)}\n`)])
const longer = new Uint8Array([...newer, 0])

type Cells = [a: Uint8Array | undefined, b: Uint8Array | undefined]
const rows: { name: string; cells: Cells; order: number; next: 'a' | 'b' }[] = [
  { name: 'the newer cell wins', cells: [older, newer], order: 7, next: 'a' },
  { name: 'the newer cell wins, wherever it is', cells: [newer, older], order: 7, next: 'b' },
  { name: 'a torn cell loses', cells: [older, cut], order: 6, next: 'b' },
  { name: 'a zeroed cell loses', cells: [zeroed, older], order: 6, next: 'a' },
  { name: 'a cell with one bit changed loses', cells: [older, changed], order: 6, next: 'b' },
  { name: 'a cell with a byte too many loses', cells: [older, longer], order: 6, next: 'b' },
  { name: 'another file in the place of a cell loses', cells: [older, other], order: 6, next: 'b' },
  { name: 'an empty cell loses', cells: [older, new Uint8Array()], order: 6, next: 'b' },
  { name: 'a missing cell loses', cells: [undefined, newer], order: 7, next: 'a' },
  { name: 'one cell twice is itself', cells: [newer, newer], order: 7, next: 'b' },
]

describe('of two floor cells', () => {
  for (const { name, cells, order, next } of rows) {
    test(name, () => {
      const reading = readFloorCells(...cells)
      assert.equal(reading.floors.get('order'), order)
      assert.equal(reading.next, next)
    })
  }

  for (const [name, cells] of [
    ['both torn', [cut, changed]],
    ['one zeroed and the other missing', [zeroed, undefined]],
  ] as [string, Cells][]) {
    test(`${name}: nothing is trusted`, () => {
      assert.throws(() => readFloorCells(...cells), { code: 'trust/torn-state' })
    })
  }

  test('neither yet there: the device is new', () => {
    assert.deepEqual(readFloorCells(undefined, undefined), {
      generation: 0,
      floors: new Map(),
      next: 'a',
    })
  })

  test('a write goes to the older and takes its place when it is whole', () => {
    let cells: Cells = [undefined, undefined]
    for (let i = 1; i <= 5; i++) {
      const { generation, next } = readFloorCells(...cells)
      const cell = encodeFloorCell({ generation: generation + 1, floors: new Map([['order', i]]) })
      cells = next === 'a' ? [cell, cells[1]] : [cells[0], cell]
    }
    assert.equal(readFloorCells(...cells).floors.get('order'), 5)
    assert.equal(readFloorCells(...cells).next, 'b')
  })
})

test('a cell is its JSON, a line with its digest, and nothing else', () => {
  assert.match(
    Buffer.from(newer).toString(),
    /^\{"floors":\{"order":7\},"generation":7,"type":"floors"\}\nsha256:[0-9a-f]{64}\n$/,
  )
})

test('floors rise and never fall', () => {
  const held = new Map([
    ['a', 5],
    ['b', 1],
  ])
  const raised = raiseFloors(
    held,
    new Map([
      ['a', 3],
      ['b', 2],
      ['c', 9],
    ]),
  )
  assert.deepEqual(
    [...raised],
    [
      ['a', 5],
      ['b', 2],
      ['c', 9],
    ],
  )
})
