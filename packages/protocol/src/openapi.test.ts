import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { routes, toOpenApi } from './openapi.ts'
import { problemStatus, toProblem } from './problem.ts'

const path = join(import.meta.dirname, '../../../docs/reference/openapi.json')

test('docs/reference/openapi.json is what the routes say', async () => {
  const { version }: { version: string } = JSON.parse(
    await readFile(join(import.meta.dirname, '../package.json'), 'utf8'),
  )
  const written = await readFile(path, 'utf8')
  assert.equal(written, `${JSON.stringify(toOpenApi(version), null, 2)}\n`)
})

test('no two routes share a method and a path', () => {
  const lines = Object.values(routes).map(({ method, path: at }) => `${method} ${at}`)
  assert.equal(new Set(lines).size, lines.length)
})

for (const [name, route] of Object.entries(routes)) {
  test(`${name} declares every parameter of its path, and no other`, () => {
    const inPath = [...route.path.matchAll(/:([a-z]+)/g)].map(([, found]) => found)
    const declared = route.params && 'properties' in route.params ? route.params.properties : {}
    assert.deepEqual(Object.keys(declared as object).sort(), inPath.sort())
  })
}

test('an error that is not listed tells a stranger nothing', () => {
  assert.deepEqual(toProblem(new Error('/etc/shadow')), {
    type: 'internal',
    title: 'cannot answer: a fault in the server',
    status: 500,
  })
  assert.ok(Object.values(problemStatus).every(status => status >= 400 && status < 600))
})
