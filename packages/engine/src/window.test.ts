import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { UpdateWindow } from '@steadfleet/domain'
import { isOpen, knownZone, nextOpening } from './window.ts'

const berlin = 'Europe/Berlin'
const night: UpdateWindow = { from: '02:00', to: '05:00' }
const skipped: UpdateWindow = { from: '02:15', to: '02:45' }
const late: UpdateWindow = { days: ['fri'], from: '22:00', to: '04:00' }
const sunday: UpdateWindow = { days: ['sun'], from: '02:00', to: '03:00' }

// In 2026 Berlin's clock skips from 02:00 to 03:00 on March 29 and shows 02:00 to 03:00 twice on October 25.
const rows: [name: string, window: UpdateWindow, zone: string, at: string, next: string][] = [
  ['is open from its first minute', night, berlin, '2026-11-21T01:00:00Z', '2026-11-21T01:00:00Z'],
  ['is open in its last minute', night, berlin, '2026-11-21T03:59:59Z', '2026-11-21T03:59:59Z'],
  ['is closed at its end', night, berlin, '2026-11-21T04:00:00Z', '2026-11-22T01:00:00Z'],
  ['is of its own zone', night, 'Asia/Tokyo', '2026-11-21T01:00:00Z', '2026-11-21T17:00:00Z'],
  [
    'opens an hour earlier in summer',
    night,
    berlin,
    '2026-06-30T23:00:00Z',
    '2026-07-01T00:00:00Z',
  ],
  [
    'that the clock jumps into opens with the jump',
    night,
    berlin,
    '2026-03-29T00:59:59Z',
    '2026-03-29T01:00:00Z',
  ],
  [
    'that the clock jumps over is not that day',
    skipped,
    berlin,
    '2026-03-29T00:30:00Z',
    '2026-03-30T00:15:00Z',
  ],
  [
    'that the clock jumps over is that week not at all',
    sunday,
    berlin,
    '2026-03-28T12:00:00Z',
    '2026-04-05T00:00:00Z',
  ],
  [
    'that the clock shows twice opens the first time',
    skipped,
    berlin,
    '2026-10-25T00:00:00Z',
    '2026-10-25T00:15:00Z',
  ],
  [
    'that the clock shows twice is closed in between',
    skipped,
    berlin,
    '2026-10-25T00:45:00Z',
    '2026-10-25T01:15:00Z',
  ],
  [
    'that began before the clock went back opens again with it',
    { from: '01:30', to: '02:30' },
    berlin,
    '2026-10-25T00:30:00Z',
    '2026-10-25T01:00:00Z',
  ],
  [
    'over midnight is of the day before',
    late,
    'UTC',
    '2026-11-21T03:00:00Z',
    '2026-11-21T03:00:00Z',
  ],
  [
    'over midnight is not of the day after',
    late,
    'UTC',
    '2026-11-20T03:00:00Z',
    '2026-11-20T22:00:00Z',
  ],
  ['opens again a week later', late, 'UTC', '2026-11-21T04:00:00Z', '2026-11-27T22:00:00Z'],
  [
    'from a time to the same time is a whole day',
    { days: ['sat'], from: '06:00', to: '06:00' },
    'UTC',
    '2026-11-22T05:59:00Z',
    '2026-11-22T05:59:00Z',
  ],
  [
    'of a day that the zone left out opens a week later',
    { days: ['fri'], from: '10:00', to: '12:00' },
    'Pacific/Apia',
    '2011-12-29T23:00:00Z',
    '2012-01-05T20:00:00Z',
  ],
  [
    'of a zone with half an hour of summer time opens on the half hour',
    { from: '02:00', to: '02:30' },
    'Australia/Lord_Howe',
    '2026-10-03T12:00:00Z',
    '2026-10-04T15:00:00Z',
  ],
]

describe('an update window', () => {
  for (const [name, window, zone, at, next] of rows) {
    test(name, () => {
      const found = nextOpening({ windows: [window], zone }, new Date(at))
      assert.equal(found?.toISOString(), new Date(next).toISOString())
    })
  }

  test('that is one of several opens with the first of them', () => {
    const windows = { windows: [late, sunday], zone: 'UTC' }
    const found = nextOpening(windows, new Date('2026-11-21T12:00:00Z'))
    assert.equal(found?.toISOString(), '2026-11-22T02:00:00.000Z')
  })

  for (const [around, zone] of [
    ['2026-03-28T12:00:00Z', berlin],
    ['2026-10-24T12:00:00Z', berlin],
    ['2026-04-04T00:00:00Z', 'Australia/Lord_Howe'],
    ['2011-12-29T00:00:00Z', 'Pacific/Apia'],
  ] as const) {
    test(`opens in ${zone} when walking there by the minute does, from ${around}`, () => {
      for (const from of ['00:00', '01:45', '02:00', '02:20', '23:30']) {
        for (const to of ['00:30', '02:10', '02:40', '03:00']) {
          const windows = { windows: [{ from, to }], zone }
          for (let hours = 0; hours < 30; hours += 7) {
            const at = new Date(Date.parse(around) + hours * 3_600_000)
            assert.deepEqual(nextOpening(windows, at), walkToOpening(windows, at), `${from} ${to}`)
          }
        }
      }
    })
  }

  test('of a zone that nobody knows is read in UTC', () => {
    assert.equal(knownZone('Mars/Olympus'), 'UTC')
    assert.equal(knownZone('Europe/Lisbon'), 'Europe/Lisbon')
  })
})

function walkToOpening(windows: Parameters<typeof isOpen>[0], at: Date): Date | undefined {
  for (let minute = 0; minute < 4 * 1440; minute++) {
    const then = new Date(at.getTime() + minute * 60_000)
    if (isOpen(windows, then)) return then
  }
  return undefined
}
