import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

/** The words of the design; a later part of the design adds its own here. */
const words =
  'device model fleet group setting secret package version revision release tree object bundle ' +
  'delta channel catalogue order rollout phase paused halted generation change step lane journal ' +
  'floor probation slot interface request grant role threshold delegation root targets snapshot ' +
  'timestamp provenance evidence report failure advisory exposure voucher'

const glossary = readFileSync('docs/glossary.md', 'utf8')
const terms = [...glossary.matchAll(/^\| \*\*([^*]+)\*\* \| ([^|]*)\|/gm)].map(match => ({
  term: match[1] ?? '',
  meaning: (match[2] ?? '').trim(),
}))

for (const word of [...words.split(' '), 'release record', 'floor cell', 'trust policy']) {
  test(`the glossary says once what ${word} means`, () => {
    const found = terms.filter(({ term }) => term === word)
    assert.equal(found.length, 1)
    assert.ok(found[0] && found[0].meaning.length > 10)
  })
}

test('no term stands in the glossary twice', () => {
  const all = terms.map(({ term }) => term)
  assert.deepEqual(all, [...new Set(all)])
})
