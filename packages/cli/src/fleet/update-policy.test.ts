import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseUpdatePolicy } from '@steadfleet/domain'
import { policyLines, toBytes, toDayCount, toSeconds, toWindow } from './update-policy.ts'

describe('an update window that was typed', () => {
  const windows: [typed: string, days: string | undefined, from: string, to: string][] = [
    ['02:00-05:00', undefined, '02:00', '05:00'],
    ['mon-fri 22:00-06:00', 'mon,tue,wed,thu,fri', '22:00', '06:00'],
    ['sat,sun 10:00-10:30', 'sat,sun', '10:00', '10:30'],
    ['fri-mon 00:00-00:00', 'mon,fri,sat,sun', '00:00', '00:00'],
    ['tue,tue 01:00-02:00', 'tue', '01:00', '02:00'],
  ]
  for (const [typed, days, from, to] of windows) {
    test(`as ${typed} is of ${days ?? 'every day'}`, () => {
      const window = toWindow(typed)
      assert.deepEqual([window.days?.join(), window.from, window.to], [days, from, to])
      parseUpdatePolicy({ windows: [window] })
    })
  }
  for (const typed of [
    '',
    '2:00-5:00',
    '02:00',
    'noon 02:00-05:00',
    'mon-tue-wed 02:00-05:00',
    '02:00-24:00',
  ]) {
    test(`as ${JSON.stringify(typed)} is refused`, () => {
      assert.throws(() => toWindow(typed), { code: 'cli/usage' })
    })
  }
})

describe('a time that was typed', () => {
  const times: [string, number][] = [
    ['14d', 1_209_600],
    ['12h', 43_200],
    ['90m', 5400],
    ['45', 45],
    ['0', 0],
  ]
  for (const [typed, seconds] of times) {
    test(`as ${typed} is ${seconds} s`, () => assert.equal(toSeconds(typed), seconds))
  }
  for (const typed of ['', '-1d', '1w', '1.5h', 'soon']) {
    test(`as ${JSON.stringify(typed)} is refused`, () => {
      assert.throws(() => toSeconds(typed), { code: 'cli/usage' })
    })
  }
})

describe('what a device keeps, as it was typed,', () => {
  const typed: [typed: string, read: (typed: string) => number, is: number | undefined][] = [
    ['2G', toBytes, 2_000_000_000],
    ['500M', toBytes, 500_000_000],
    ['1000000', toBytes, 1_000_000],
    ['2T', toBytes, undefined],
    ['0', toBytes, undefined],
    ['30', toDayCount, 30],
    ['0', toDayCount, 0],
    ['7d', toDayCount, undefined],
  ]
  for (const [text, read, is] of typed) {
    test(`${text} is ${is ?? 'refused'} by ${read.name}`, () => {
      if (is === undefined) assert.throws(() => read(text), { code: 'cli/usage' })
      else assert.equal(read(text), is)
    })
  }

  test('is said', () => {
    const lines = policyLines({ 'keep-rejected-days': 30, 'store-limit-bytes': 5_000_000 })
    assert.ok(lines.includes('data that was gone back from is kept for 30 days at most'))
    assert.ok(lines.includes('releases take 5000000 bytes of a device at most'))
  })
})

test('an update policy is said with the bounds that it does not state', () => {
  assert.deepEqual(policyLines({ windows: [toWindow('sat 02:00-05:00')], consent: true }), [
    'devices change in windows, in the time zone of each device: sat 02:00-05:00',
    'somebody at the device is asked first',
    'updates are not fetched over metered links',
    'all this puts an update off for 14 d at most',
    'one that mends a known flaw for 3 d',
    'an app that says not now for 1 d, before a flaw is mended for 1 h',
  ])
})
