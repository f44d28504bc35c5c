import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowedInterfaces, interfaceNames, interfaces } from './interfaces.ts'

const both = ['network', 'network-listen']
const all = new Map(both.map(name => [name, ['*']]))
const requests = (names: string[]) => names.map(name => ({ interface: name }))

const rows: [
  what: string,
  requested: string[],
  granted: string[],
  ceiling: Map<string, string[]>,
  allowed: string[],
][] = [
  ['requested, granted and under the ceiling', both, both, all, both],
  ['listed once, in order', ['network-listen', 'network', 'network'], both, all, both],
  ['not without a request', [], both, all, []],
  ['not without a grant', both, ['network'], all, ['network']],
  ['not above the ceiling', both, both, new Map([['network', ['*']]]), ['network']],
  [
    'for the package that the ceiling names',
    both,
    both,
    new Map([['network', ['acme/x']]]),
    ['network'],
  ],
  ['not for another package', both, both, new Map([['network', ['acme/y']]]), []],
  ['not by a name that is no row', ['network'], ['network', 'camera'], all, ['network']],
]
for (const [what, requested, granted, ceiling, allowed] of rows) {
  test(`an interface is allowed: ${what}`, () => {
    assert.deepEqual(allowedInterfaces(requests(requested), granted, ceiling, 'acme/x'), allowed)
  })
}

for (const name of ['camera', 'constructor', '']) {
  test(`a request for ${JSON.stringify(name)} is refused`, () => {
    const code = 'confine/unknown-interface'
    assert.throws(() => allowedInterfaces(requests([name]), [name], all, 'acme/x'), { code })
  })
}

test('every interface says what it opens', () => {
  assert.deepEqual(interfaceNames, ['agent', ...both])
  for (const { title, opens } of Object.values(interfaces))
    assert.match(`${title}: ${opens}`, /^.{5,}: .{10,}$/)
})
