import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isExcluded } from './glob.ts'

const rows: [pattern: string, matching: string[], others: string[]][] = [
  [
    'usr/share/doc/**',
    ['usr/share/doc/a', 'usr/share/doc/.b/c'],
    ['usr/share/doc', 'usr/share/docs/a'],
  ],
  ['*.log', ['a.log', 'deep/b.log', '.log'], ['a.log2', 'log']],
  ['node_modules', ['node_modules', 'node_modules/x', 'a/node_modules/b'], ['node_modules2']],
  ['/dist', ['dist', 'dist/a'], ['distance', 'a/dist']],
  ['a/*/c', ['a/b/c', 'a/b/c/d'], ['a/c', 'a/b/b/c']],
  ['a/**/c', ['a/c', 'a/b/c', 'a/b/b/c'], ['b/a/c']],
  ['a?b', ['axb', 'x/a.b'], ['ab', 'a/b']],
  ['(x)+[y]', ['(x)+[y]'], ['xx']],
]
for (const [pattern, matching, others] of rows) {
  test(`${pattern} leaves out ${matching.join(', ')}`, () => {
    for (const path of matching) assert.ok(isExcluded(path, [pattern]), path)
    for (const path of others) assert.ok(!isExcluded(path, [pattern]), path)
  })
}
