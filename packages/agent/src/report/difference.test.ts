import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Generation, GenerationPackage } from '@steadfleet/engine'
import { describeDifference } from './difference.ts'

const one = { package: 'acme/one', revision: 1, settings: { a: 1 }, interfaces: ['network'] }
const two = { ...one, package: 'acme/two' }

const rows: [from: object[] | undefined, to: object[], said: string[]][] = [
  [undefined, [one], ['acme/one revision 1 is new']],
  [[one], [{ ...one, revision: 2, settings: {} }], ['acme/one from revision 1 to 2']],
  [[{ ...one, revision: 2 }], [one], ['acme/one from revision 2 to 1']],
  [[one], [{ ...one, settings: { a: 2 } }], ['settings of acme/one']],
  [[one], [{ ...one, interfaces: [] }], ['interfaces of acme/one']],
  [[one, two], [two], ['acme/one is removed']],
  [[one], [one, two], ['acme/two revision 1 is new']],
  [[one], [one], []],
]
for (const [from, to, said] of rows)
  test(`a change is told as: ${said.join(', ') || 'nothing'}`, () => {
    const before = from && generationOf(from)
    assert.deepEqual(describeDifference(before, generationOf(to)), said)
  })

function generationOf(packages: readonly object[]): Generation {
  const all = packages as GenerationPackage[]
  return { type: 'generation', format: 1, number: 1, counter: 1, model: 'm', packages: all }
}
