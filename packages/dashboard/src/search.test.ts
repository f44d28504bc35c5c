import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceQuestion, searchIn, toAddress, toQuestion, worstFirst } from './search.ts'
import { cannedViews } from './testing/views.ts'

const rows: [address: string, question: DeviceQuestion][] = [
  ['', {}],
  ['words=+pine+', { search: 'pine' }],
  ['query=labels.site+%3D%3D+%22north%22', { query: 'labels.site == "north"' }],
  ['group=north', { query: '"north" in groups' }],
  ['show=silent', { query: 'silent' }],
  ['show=nothing', {}],
  [
    'query=held+%7C%7C+isolated&group=north',
    { query: '(held || isolated) && ("north" in groups)' },
  ],
  ['words=a&group=north&show=held', { search: 'a', query: '("north" in groups) && (held)' }],
]
for (const [address, question] of rows)
  test(`the address “${address}” asks ${JSON.stringify(question)}`, () => {
    const search = searchIn(new URLSearchParams(address))
    assert.deepEqual(toQuestion(search), question)
    assert.deepEqual(searchIn(new URLSearchParams(toAddress(search))), search)
  })

test('the silent device and the one that went back come first', () => {
  assert.deepEqual(
    worstFirst(cannedViews().devices).map(({ name }) => name),
    ['elm', 'fig', 'oak', 'pine'],
  )
})
