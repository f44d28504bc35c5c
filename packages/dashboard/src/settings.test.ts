import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SettingDeclaration } from '@steadfleet/domain'
import type { SettingView } from '@steadfleet/protocol'
import { boundsOf, linesOf, valuesAt } from './settings.ts'

const warmth: SettingDeclaration = { type: 'integer', default: 21, minimum: 5, maximum: 35 }
const given = { fleet: {}, group: {}, device: {} }

test('a device’s own value beats its group’s, that its fleet’s, that the default', () => {
  const values = (fleet?: number, group?: number, device?: number) => {
    const at = (value?: number) => (value === undefined ? {} : { warmth: value })
    const [line] = linesOf({ warmth }, { fleet: at(fleet), group: at(group), device: at(device) })
    return [line?.value, line?.from]
  }
  assert.deepEqual(values(), [21, 'default'])
  assert.deepEqual(values(19), [19, 'fleet'])
  assert.deepEqual(values(19, 18), [18, 'group'])
  assert.deepEqual(values(19, 18, 17), [17, 'device'])
})

test('a value that is false or empty is a value', () => {
  const declared = {
    night: { type: 'boolean', default: true },
    label: { type: 'string', default: 'x' },
  } as const
  const lines = linesOf(declared, { ...given, device: { night: false, label: '' } })
  assert.deepEqual(
    lines.map(({ value, from }) => [value, from]),
    [
      [false, 'device'],
      ['', 'device'],
    ],
  )
})

test('only what was given to this package at this scope to these names counts', () => {
  const view = (scope: SettingView['scope'], name: string, values: SettingView['values']) =>
    ({ package: 'acme/greenhouse', scope, name, values }) as SettingView
  const all = [
    view('fleet', 'home', { a: 1 }),
    view('group', 'north', { b: 2 }),
    view('group', 'wet', { c: 3 }),
    view('group', 'south', { b: 9 }),
  ]
  assert.deepEqual(valuesAt(all, 'acme/greenhouse', 'group', ['north', 'wet']), { b: 2, c: 3 })
  assert.deepEqual(valuesAt(all, 'acme/other', 'fleet', ['home']), {})
})

const bounds: [declaration: SettingDeclaration, said: string | undefined][] = [
  [warmth, '5 to 35'],
  [{ type: 'integer', default: 1, minimum: 0 }, 'at least 0'],
  [{ type: 'integer', default: 1, maximum: 9 }, 'at most 9'],
  [{ type: 'integer', default: 1 }, undefined],
  [{ type: 'boolean', default: true }, undefined],
]
for (const [declaration, said] of bounds)
  test(`${JSON.stringify(declaration)} allows ${said ?? 'anything of its type'}`, () =>
    assert.equal(boundsOf(declaration), said))
