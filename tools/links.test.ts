import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const pages = ['*.md', 'docs/**/*.md', 'packages/**/*.md', 'examples/**/*.md', 'vectors/**/*.md']

for (const page of globSync(pages, { exclude: ['**/node_modules/**'] }).sort()) {
  test(`every file that ${page} points at is there`, () => {
    const text = readFileSync(page, 'utf8').replace(/^```[\s\S]*?^```/gm, '')
    const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(match => match[1] ?? '')
    const files = links.filter(link => !/^[a-z]+:/.test(link))
    assert.deepEqual(
      files.filter(file => !existsSync(join(dirname(page), file))),
      [],
    )
  })
}
