import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { localRoutes } from '@steadfleet/protocol'

const page = readFileSync(
  new URL('../../../../docs/formats/device-api.md', import.meta.url),
  'utf8',
)

for (const { method, path, by, summary } of Object.values(localRoutes)) {
  test(`${method} ${path} stands in the device's own interface as it is`, () => {
    assert.ok(page.includes(`| \`${method} ${path}\` | ${by} | ${summary} |`))
  })
}

test("the device's own interface has no route that is not there", () => {
  const rows = page.match(/^\| `(GET|POST) /gm) ?? []
  assert.equal(rows.length, Object.keys(localRoutes).length)
})
