import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { foundFor } from './found.ts'
import { targets } from './targets.ts'
import { inputOf, tryInput } from './try-input.ts'

/** Every input that was ever found, and a thousand new ones: `npm run fuzz` tries millions. */
for (const target of targets) {
  describe(target.name, () => {
    for (const { file, input } of foundFor(target)) {
      test(`answers ${file}`, async () => {
        assert.equal((await tryInput(target, input))?.what, undefined)
      })
    }

    test('answers a thousand inputs with a value or one of its codes', async () => {
      const seeds = target.seeds()
      assert.ok(seeds.length > 0)
      for (let index = 0; index < 1_000; index++) {
        const finding = await tryInput(target, inputOf(target, seeds, 26, index))
        assert.equal(finding?.what, undefined, `input ${index}`)
      }
    })
  })
}

test('an input is made again from its seed and index', () => {
  for (const target of targets) {
    const [one, two] = [1, 2].map(() => inputOf(target, target.seeds(), 7, 41))
    assert.deepEqual(one, two)
  }
})
