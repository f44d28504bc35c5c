import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { attempts } from '../packages/agent/src/escape/table.ts'

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

for (const threat of new Set(attempts.map(one => one.threat))) {
  test(`${threat}, against which escapes are tried, names the test of escapes`, () => {
    const row = threats.find(one => one.startsWith(`| ${threat} |`)) ?? ''
    assert.match(row, /`packages\/agent\/src\/escape\/escape\.test\.ts`/)
  })
}

test('threats are numbered from T1, without a gap', () => {
  const numbers = threats.map(row => Number(/T(\d+)/.exec(row)?.[1]))
  assert.deepEqual(
    numbers,
    numbers.map((_, i) => i + 1),
  )
})

test('the attack table names each scenario of scenarios/attacks once', () => {
  const table = text.slice(text.indexOf('## The attack table'), text.indexOf('## What is not'))
  const named = [...table.matchAll(/`(scenarios\/attacks\/[^`]+)`/g)].map(match => match[1] ?? '')
  const files = globSync('scenarios/attacks/*.test.ts')
  assert.deepEqual(named.filter(file => file.endsWith('.ts')).sort(), files.sort())
})
