import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeJournal, foldJournal, Halted, Superseded } from './index.ts'
import { deviceBefore, generationOf, live, packageAt, type Story } from './pretend-device.test.ts'

const from = generationOf(1, [packageAt('acme/hub', 1, 1)])
const to = generationOf(2, [packageAt('acme/hub', 2, 2)])
const unharmed = { running: 'acme/hub', pointer: 1 }

describe('a change that is ready', () => {
  test('waits with nothing of what runs touched, and is kept as it is when the agent ends', async () => {
    const device = deviceBefore(storyOf())
    const halt = new AbortController()
    const gate: Story['gate'] = async change => {
      assert.equal(change.state, 'ready')
      assert.deepEqual(seenOf(device), unharmed)
      halt.abort(new Halted())
      throw new Halted()
    }
    const never = new AbortController().signal
    const signals = { halt: halt.signal, supersede: never, recall: never }
    await assert.rejects(live(device, { ...storyOf(gate), signals }, -1), Halted)
    assert.deepEqual(seenOf(device), unharmed)
    assert.equal(stateOf(device).change?.state, 'ready')
    assert.ok(device.disk.trees.has(to.packages[0]!.tree.digest), 'what was prepared is kept')

    let asked = 0
    await live(
      device,
      storyOf(async () => void asked++),
      -1,
    )
    assert.equal(asked, 1)
    assert.equal(device.disk.pointer, 2)
  })

  test('is asked about once, and not again on its way', async () => {
    const states: string[] = []
    const device = deviceBefore(storyOf())
    await live(
      device,
      storyOf(async change => void states.push(change.state)),
      -1,
    )
    assert.deepEqual(states, ['ready'])
  })

  test('with nothing to prepare waits too', async () => {
    const states: string[] = []
    const nothing = generationOf(2, [])
    const story = {
      from,
      to: nothing,
      fails: [],
      gate: async (one: { state: string }) => void states.push(one.state),
    }
    await live(deviceBefore(story), story, -1)
    assert.deepEqual(states, ['planned'])
  })

  for (const [why, code] of [
    [new Superseded('engine/superseded', 'order 9 came'), 'engine/superseded'],
    [new Error('nobody knows'), 'engine/waiting'],
  ] as const) {
    test(`is taken back with ${code} where its wait ends so`, async () => {
      const device = deviceBefore(storyOf())
      await live(
        device,
        storyOf(() => Promise.reject(why)),
        -1,
      )
      assert.deepEqual(seenOf(device), unharmed)
      const { standing, refused } = stateOf(device)
      assert.equal(standing, 'aborted')
      assert.deepEqual(refused.packages, [], 'nothing is held against the release')
      assert.ok(!device.disk.trees.has(to.packages[0]!.tree.digest))
    })
  }
})

function storyOf(gate?: Story['gate']): Story {
  return { from, to, fails: [], ...(gate && { gate }) }
}

function seenOf({ running, disk }: ReturnType<typeof deviceBefore>) {
  return { running: [...running.keys()].join(), pointer: disk.pointer }
}

function stateOf({ disk }: ReturnType<typeof deviceBefore>) {
  return foldJournal(decodeJournal(disk.journal).records)
}
