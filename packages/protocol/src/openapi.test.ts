import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routes } from './openapi.ts'
import { problemStatus, toProblem } from './problem.ts'

test('no two routes share a method and a path', () => {
  const lines = Object.values(routes).map(({ method, path: at }) => `${method} ${at}`)
  assert.equal(new Set(lines).size, lines.length)
})

for (const [name, route] of Object.entries(routes)) {
  test(`${name} declares every parameter of its path, and no other`, () => {
    const inPath = [...route.path.matchAll(/[:*]([a-z]+)/g)].map(([, found]) => found)
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
