import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { sideBySide } from './side-by-side.ts'

test('what is made stands in the order of what it was made of, and no more run than may', async () => {
  let running = 0
  let highest = 0
  const act = async (item: number): Promise<number> => {
    running += 1
    highest = Math.max(highest, running)
    for (let i = 0; i < 20 - item; i += 1) await turn()
    running -= 1
    return item * 2
  }
  const items = Array.from({ length: 20 }, (_, i) => i)
  assert.deepEqual(
    await sideBySide(items, act, 3),
    items.map(i => i * 2),
  )
  assert.equal(highest, 3)
})

test('nothing is made of nothing, and one that fails fails all', async () => {
  assert.deepEqual(await sideBySide([], assert.fail), [])
  const fail = async (): Promise<never> => {
    throw new RangeError('no')
  }
  await assert.rejects(sideBySide([1, 2], fail), RangeError)
})
