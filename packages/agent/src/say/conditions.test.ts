import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { readConditions } from './conditions.ts'
import { findGroup } from './group.ts'

const folder = mkdtempSync(join(tmpdir(), 'steadfleet-conditions-'))
after(() => rmSync(folder, { recursive: true }))

type Supply = Readonly<Record<string, string>>
const battery = (capacity: string, more: Supply = {}): Supply => {
  return { type: 'Battery', capacity, status: 'Discharging', ...more }
}

const rows: [name: string, supplies: Record<string, Supply>, percent: number | undefined][] = [
  ['without any supply', {}, undefined],
  ['on mains alone', { AC: { type: 'Mains', online: '1' } }, undefined],
  ['on a battery', { BAT0: battery('63') }, 63],
  [
    'on a battery, its mains unplugged',
    { AC: { type: 'Mains', online: '0' }, BAT0: battery('63') },
    63,
  ],
  [
    'on mains with a battery',
    { AC: { type: 'Mains', online: '1' }, BAT0: battery('5') },
    undefined,
  ],
  ['charged over USB', { usb: { type: 'USB', online: '1' }, BAT0: battery('5') }, undefined],
  ['on two batteries', { BAT0: battery('80'), BAT1: battery('30') }, 30],
  ['with a mouse', { hid: battery('3', { scope: 'Device' }), BAT0: battery('70') }, 70],
  ['whose driver gives no level', { BAT0: { type: 'Battery', status: 'Unknown' } }, undefined],
  ['whose driver gives nonsense', { BAT0: battery('-7') }, undefined],
]

describe('a device', () => {
  for (const [i, [name, supplies, percent]] of rows.entries()) {
    test(`${name} has ${percent ?? 'no battery to wait for'}`, () => {
      assert.equal(readConditions(sourcesWith(`${i}`, supplies)).batteryPercent, percent)
    })
  }

  const loads: [text: string, percent: number | undefined][] = [
    ['0.50 0.40 0.30 1/123 456\n', 25],
    ['3.10 0.40 0.30 1/123 456\n', 155],
    ['', undefined],
  ]
  for (const [text, percent] of loads) {
    test(`of two processors whose load is ${JSON.stringify(text)} is at ${percent} %`, () => {
      const sources = sourcesWith(`load ${percent}`, {})
      writeFileSync(sources.load, text)
      assert.equal(readConditions(sources).loadPercent, percent)
    })
  }

  test('is on a metered link while a file says so', () => {
    const sources = sourcesWith('metered', {})
    assert.equal(readConditions(sources).isMetered, false)
    writeFileSync(sources.metered, '')
    assert.equal(readConditions(sources).isMetered, true)
  })

  test('has the group of its users by name, the usual one, or none', () => {
    const file = join(folder, 'group')
    writeFileSync(file, 'root:x:0:\nkiosk:x:1234:ada\nodd:x:many:\n')
    const warned: string[] = []
    const find = (name?: string) => findGroup(name, line => warned.push(line), file)
    assert.deepEqual(
      [find('kiosk'), find('odd'), find('nobody'), find()],
      [1234, undefined, undefined, undefined],
    )
    assert.equal(warned.length, 2)
    writeFileSync(file, 'steadfleet:x:77:\n')
    assert.equal(find(), 77)
    assert.equal(findGroup(undefined, assert.fail, join(folder, 'nothing')), undefined)
  })
})

function sourcesWith(name: string, supplies: Record<string, Supply>) {
  const root = join(folder, name)
  const powerSupply = join(root, 'power_supply')
  mkdirSync(root)
  for (const [supply, members] of Object.entries(supplies)) {
    mkdirSync(join(powerSupply, supply), { recursive: true })
    for (const [member, value] of Object.entries(members)) {
      writeFileSync(join(powerSupply, supply, member), `${value}\n`)
    }
  }
  return { powerSupply, load: join(root, 'load'), metered: join(root, 'metered'), processors: 2 }
}
