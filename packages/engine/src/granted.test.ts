import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Behaviour, PackageName } from '@steadfleet/domain'
import {
  type Generation,
  type GenerationPackage,
  isOnlyLess,
  nextGeneration,
  planChange,
  revertedGeneration,
  type Wanted,
} from './index.ts'
import { generationOf, packageAt } from './pretend-device.test.ts'

const hub = 'acme/hub' as PackageName
const lamp = 'acme/lamp' as PackageName
const both = ['camera', 'network']
const none = { counter: 0, packages: [] }

describe('going back by hand', () => {
  const earlier = generationOf(1, [granted(hub, 1, 1), granted(lamp, 1, 1)])
  const current = generationOf(2, [granted(hub, 2, 2, ['network']), granted(lamp, 2, 2)])
  const revert = { counter: 2, to: 1, restoresData: false }

  const rows: [what: string, order: [PackageName, string[]][], hub: string[]][] = [
    ['brings back what is granted still', [[hub, both]], both],
    ['does not bring back what is granted no more', [[hub, ['network', 'usb']]], ['network']],
    ['brings back nothing where nothing is granted', [[hub, []]], []],
    ['leaves alone what the order does not name', [[lamp, []]], both],
  ]
  for (const [what, order, interfaces] of rows) {
    test(what, () => {
      const bounds = { refused: none, granted: new Map(order) }
      const next = revertedGeneration(current, earlier, revert, bounds, 3)
      assert.deepEqual(hubOf(next), { revision: 1, data: 3, interfaces, grants: interfaces })
    })
  }

  test('takes it from what stays as it is, too', () => {
    const bounds = { refused: { counter: 2, packages: [hub] }, granted: new Map([[hub, []]]) }
    const next = revertedGeneration(current, earlier, revert, bounds, 3)
    assert.deepEqual(hubOf(next), { revision: 2, data: 3, interfaces: [], grants: [] })
  })

  test('goes nowhere where the earlier generation had that and nothing else', () => {
    const bounds = { refused: none, granted: new Map([[hub, ['network']]]) }
    const less = generationOf(2, [granted(hub, 1, 2, ['network']), granted(lamp, 1, 1)])
    assert.equal(revertedGeneration(less, earlier, revert, bounds, 3), undefined)
  })

  test('leaves the agent the agent', () => {
    const agent = generationOf(1, [granted(hub, 1, 1, ['agent', 'camera'])])
    const bounds = { refused: none, granted: new Map([[hub, []]]) }
    const next = revertedGeneration(current, agent, revert, bounds, 3)
    assert.deepEqual(hubOf(next)?.interfaces, ['agent'])
  })
})

describe('an order that brings a new revision and takes an interface back', () => {
  const current = generationOf(1, [
    { ...granted(hub, 1, 1), migrated: 1, restored: { from: 1 } },
    granted(lamp, 1, 1),
  ])
  const order = wantedOf([granted(hub, 2, 9, ['network']), granted(lamp, 1, 9)])
  const failed = { counter: 2, packages: [hub] }

  test('takes it from the earlier revision, where the new one fails', () => {
    const next = nextGeneration(current, order, failed, 3)!
    const [before, after] = [current.packages[0]!, next.packages[0]!]
    assert.deepEqual(hubOf(next), {
      revision: 1,
      data: 3,
      interfaces: ['network'],
      grants: ['network'],
    })
    assert.equal(isOnlyLess(before, after), true)
    assert.deepEqual([after.migrated, after.restored], [1, undefined])
    const kinds = planChange(current, next).map(({ kind }) => kind)
    assert.equal(kinds.includes('migrate'), false)
    assert.equal(nextGeneration(next, order, failed, 4), undefined, 'once')
  })

  test('takes it where the ordered revision can’t read the data', () => {
    const later = generationOf(1, [{ ...granted(hub, 3, 1), migrated: 3 }])
    const next = nextGeneration(later, wantedOf([granted(hub, 2, 9, [])]), none, 3)
    assert.deepEqual(hubOf(next), { revision: 3, data: 3, interfaces: [], grants: [] })
  })

  test('takes it from what goes with the one that failed', () => {
    const together = { 'together-with': [lamp] }
    const tied = generationOf(1, [granted(hub, 1, 1, both, together), granted(lamp, 1, 1)])
    const less = wantedOf([granted(hub, 2, 9, both, together), granted(lamp, 2, 9, ['camera'])])
    const next = nextGeneration(tied, less, failed, 3)
    assert.deepEqual(
      next?.packages.map(one => [one.revision, one.interfaces]),
      [
        [1, both],
        [1, ['camera']],
      ],
    )
  })

  test('changes nothing where it grants what there is', () => {
    const same = wantedOf([granted(hub, 2, 9), granted(lamp, 1, 9)])
    assert.equal(nextGeneration(current, same, failed, 3), undefined)
  })
})

function granted(
  name: PackageName,
  revision: number,
  data: number,
  interfaces: readonly string[] = both,
  behaviour: Partial<Behaviour> = {},
): GenerationPackage {
  return { ...packageAt(name, revision, data, behaviour), grants: interfaces, interfaces }
}

function wantedOf(packages: readonly GenerationPackage[]): Wanted {
  return { counter: 2, model: 'acme/box/1/all', packages }
}

function hubOf(next: Generation | undefined) {
  const one = next?.packages.find(({ package: name }) => name === hub)
  if (one === undefined) return undefined
  const { revision, data, interfaces, grants } = one
  return { revision, data, interfaces, grants }
}
