import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const text = readFileSync('docs/threat-model.md', 'utf8')
const threats = text.match(/^\| T\d+ \|.*$/gm) ?? []

for (const row of threats) {
  const [, number = '', threat = ''] = row.split('|').map(cell => cell.trim())
  test(`${number}, ${threat}, is shown by tests that exist`, () => {
    const files = [...row.matchAll(/`([^`]+\.test\.tsx?)`/g)].map(match => match[1] ?? '')
    assert.notEqual(files.length, 0)
    assert.deepEqual(
      files.filter(file => !existsSync(file)),
      [],
    )
  })
}

test('threats are numbered from T1, without a gap', () => {
  const numbers = threats.map(row => Number(/T(\d+)/.exec(row)?.[1]))
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
  )
})
