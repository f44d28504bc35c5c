import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  effectiveSettings,
  faultsInDeclarations,
  faultsInSettings,
  parserOf,
  type SettingDeclaration,
  SettingDeclarations,
  type SettingValue,
} from './index.ts'

const declared = {
  greeting: { type: 'string', default: 'hello', 'max-length': 8 },
  port: { type: 'integer', default: 8080, minimum: 1, maximum: 65_535 },
  loud: { type: 'boolean', default: false },
  colour: { type: 'choice', default: 'red', choices: ['red', 'green'] },
} as const satisfies Record<string, SettingDeclaration>
const declarations: SettingDeclarations = {
  ...declared,
  colour: { ...declared.colour, choices: ['red', 'green'] },
}

const values: [name: string, value: SettingValue, fault: string | undefined][] = [
  ['greeting', 'good day', undefined],
  ['greeting', 'good evening', 'must be at most 8 characters'],
  ['greeting', 1, 'must be a string'],
  ['port', 1, undefined],
  ['port', 0, 'must be at least 1'],
  ['port', 65_536, 'must be at most 65535'],
  ['port', '80', 'must be a whole number'],
  ['loud', true, undefined],
  ['loud', 'true', 'must be true or false'],
  ['colour', 'green', undefined],
  ['colour', 'blue', 'must be one of red, green'],
  ['colour', 1, 'must be one of red, green'],
  ['volume', 1, 'is not a setting of this package'],
  ['constructor', 1, 'is not a setting of this package'],
]
for (const [name, value, fault] of values) {
  test(`${name} = ${JSON.stringify(value)} ${fault ?? 'is allowed'}`, () => {
    const expected = fault === undefined ? [] : [{ path: `/${name}`, message: fault }]
    assert.deepEqual(faultsInSettings(declarations, { [name]: value }), expected)
  })
}

const contradictions: [declaration: SettingDeclaration, path: string | undefined][] = [
  [{ type: 'integer', default: 5, minimum: 1, maximum: 9 }, undefined],
  [{ type: 'integer', default: 0, minimum: 1 }, '/it/default'],
  [{ type: 'integer', default: 5, minimum: 9, maximum: 1 }, '/it'],
  [{ type: 'string', default: 'long', 'max-length': 3 }, '/it/default'],
  [{ type: 'choice', default: 'c', choices: ['a', 'b'] }, '/it/default'],
  [{ type: 'choice', default: 'a', choices: ['a', 'a'] }, '/it'],
]
for (const [declaration, path] of contradictions) {
  test(`${JSON.stringify(declaration)} ${path ? `contradicts itself at ${path}` : 'is sound'}`, () => {
    const found = faultsInDeclarations({ it: declaration }).map(fault => fault.path)
    assert.deepEqual(found, path === undefined ? [] : [path])
  })
}

test('an app sees every declared setting: what was set, over the defaults', () => {
  assert.deepEqual(effectiveSettings(declarations, { port: 9090, loud: false, gone: 'x' }), {
    greeting: 'hello',
    port: 9090,
    loud: false,
    colour: 'red',
  })
})

for (const name of ['Upper', 'with space', '../up', '__proto__', '']) {
  test(`a setting cannot be named ${JSON.stringify(name)}`, () => {
    const value = JSON.parse(`{${JSON.stringify(name)}:{"type":"boolean","default":true}}`)
    assert.throws(() => parserOf('settings', SettingDeclarations)(value), {
      code: 'schema/mismatch',
    })
  })
}
