import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HealthView } from '@steadfleet/domain'
import { latestText, lineThrough, measuredIn } from './health.ts'

const none = {
  cpu: null,
  memory: null,
  disk: null,
  temperature: null,
  signal: null,
  restarts: null,
}
const points: HealthView[] = [
  { ...none, at: 0, cpu: 0 },
  { ...none, at: 300, cpu: 500, temperature: 455 },
  { ...none, at: 600 },
  { ...none, at: 3000, cpu: 1000 },
]

test('what nobody measured is no chart, and the newest value is told in its unit', () => {
  assert.deepEqual(measuredIn(points), ['cpu', 'temperature'])
  assert.equal(latestText(points, 'cpu'), '100 %')
  assert.equal(latestText(points, 'temperature'), '45.5 °C')
  assert.equal(latestText(points, 'signal'), 'not measured')
})

test('a line goes from the first point to the last, and breaks where nothing was heard', () => {
  const box = { width: 100, height: 10 }
  assert.equal(lineThrough(points, 'cpu', box), 'M0.0 10.0L10.0 5.0M100.0 0.0')
})
