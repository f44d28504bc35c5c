import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isWithinHours, toAbsolute, toClock, toDay, toRelative, toSpan } from './time.ts'

const now = new Date('2026-11-21T12:00:00Z')

describe('a moment relative to noon', () => {
  const rows: [moment: string, said: string][] = [
    ['2026-11-21T12:00:00Z', 'just now'],
    ['2026-11-21T11:59:01Z', 'just now'],
    ['2026-11-21T11:59:00Z', '1 minute ago'],
    ['2026-11-21T11:00:01Z', '59 minutes ago'],
    ['2026-11-21T09:30:00Z', '2 hours ago'],
    ['2026-11-20T11:00:00Z', 'yesterday'],
    ['2026-11-12T12:00:00Z', '9 days ago'],
    ['2026-11-21T12:00:30Z', 'in a moment'],
    ['2026-11-21T13:00:00Z', 'in 1 hour'],
  ]
  for (const [moment, said] of rows)
    test(`${moment} is ${said}`, () => assert.equal(toRelative(moment, now), said))
})

describe('the day of a moment', () => {
  const rows: [moment: string, zone: string, said: string][] = [
    ['2026-11-21T00:30:00Z', 'UTC', 'Today'],
    ['2026-11-20T23:30:00Z', 'UTC', 'Yesterday'],
    ['2026-11-20T23:30:00Z', 'Europe/Berlin', 'Today'],
    ['2026-11-12T10:00:00Z', 'UTC', '12 November 2026'],
  ]
  for (const [moment, zone, said] of rows)
    test(`${moment} in ${zone} is ${said}`, () => assert.equal(toDay(moment, now, zone), said))
})

test('a moment in full names its day, its time and its zone', () => {
  assert.equal(toAbsolute('2026-11-21T09:05:07Z', 'UTC'), '21 Nov 2026, 09:05:07 UTC')
  assert.equal(toClock('2026-11-21T09:05:07Z', 'UTC'), '09:05:07')
})

test('a moment a day ago is not within a day', () => {
  assert.equal(isWithinHours('2026-11-20T12:00:01Z', now, 24), true)
  assert.equal(isWithinHours('2026-11-20T12:00:00Z', now, 24), false)
})

test('a span is told in the unit that fits it', () => {
  const from = '2026-11-21T12:00:00Z'
  const spans = ['12:00:00', '12:00:42', '12:02:10', '15:00:00', '11:00:00']
  assert.deepEqual(
    spans.map(clock => toSpan(from, `2026-11-21T${clock}Z`)),
    ['0 s', '42 s', '2 min', '3 h', '0 s'],
  )
})
