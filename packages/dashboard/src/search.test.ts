import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GroupView } from '@steadfleet/protocol'
import { type DeviceSearch, findDevices, worstFirst } from './search.ts'
import { cannedViews, deviceWith } from './testing/views.ts'

const { devices } = cannedViews()
const group = (conditions: GroupView['conditions']) => ({ name: 'some', conditions, devices: 0 })
const names = (search: Partial<DeviceSearch>) =>
  findDevices(devices, { text: '', presence: 'all', group: undefined, ...search })
    .map(({ name }) => name)
    .join(' ')

const rows: [title: string, search: Partial<DeviceSearch>, found: string][] = [
  ['nothing', {}, 'elm fig oak pine'],
  ['a part of a name, in any case', { text: ' PIN ' }, 'pine'],
  ['an id', { text: 'dev_3' }, 'elm'],
  ['a version', { text: '1.0.0' }, 'elm'],
  ['an attribute', { text: 'south' }, 'elm pine'],
  ['a state', { text: 'restored' }, 'fig'],
  ['who is online', { presence: 'online' }, 'fig oak pine'],
  ['who is offline', { presence: 'offline' }, 'elm'],
  ['who is silent', { presence: 'silent' }, 'elm'],
  ['a group by attribute', { group: group({ attributes: { site: 'north' } }) }, 'fig oak'],
  ['a group by name', { group: group({ 'name-prefix': 'o' }) }, 'oak'],
  ['a group by model', { group: group({ model: 'acme/other' }) }, ''],
  ['a group by architecture', { group: group({ architecture: 'arm64' }) }, ''],
  ['text and group together', { text: 'elm', group: group({ attributes: { site: 'north' } }) }, ''],
]
for (const [title, search, found] of rows)
  test(`a search for ${title} finds ${found || 'nobody'}`, () => assert.equal(names(search), found))

test('names with numbers are in the order of the numbers', () => {
  const many = ['box 10', 'box 9', 'box 1'].map(name => deviceWith({ name }))
  const search = { text: '', presence: 'all', group: undefined } as const
  const found = findDevices(many, search).map(({ name }) => name)
  assert.deepEqual(found, ['box 1', 'box 9', 'box 10'])
})

test('the silent device and the one that went back come first', () => {
  assert.deepEqual(
    worstFirst(devices).map(({ name }) => name),
    ['elm', 'fig', 'oak', 'pine'],
  )
})
