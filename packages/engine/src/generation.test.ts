import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOnlyLess } from './index.ts'

type Package = Parameters<typeof isOnlyLess>[1]

const held = {
  tree: { digest: `sha256:${'0'.repeat(64)}`, length: 1 },
  settings: {},
  interfaces: ['camera', 'network'],
  behaviour: { apps: { bell: { command: ['bin/bell'] } } },
  revision: 1,
} as unknown as Package

const rows: [what: string, change: Partial<Package>, is: boolean][] = [
  ['loses an interface', { interfaces: ['network'] }, true],
  ['loses all of them', { interfaces: [] }, true],
  ['stays as it is', {}, false],
  ['gains one', { interfaces: ['camera', 'network', 'usb'] }, false],
  ['loses one and gains one', { interfaces: ['network', 'usb'] }, false],
  ['loses one and is another revision', { interfaces: ['network'], revision: 2 }, false],
  ['loses one and has other settings', { interfaces: [], settings: { loud: true } }, false],
]
for (const [what, change, is] of rows) {
  test(`a package that ${what} ${is ? 'only has less' : 'does not only have less'}`, () => {
    assert.equal(isOnlyLess(held, { ...held, ...change }), is)
  })
}

test('a package that is new is on trial', () => assert.equal(isOnlyLess(undefined, held), false))
