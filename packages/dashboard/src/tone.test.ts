import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceWith } from './testing/views.ts'
import { confinementOf, isSilent, plainAttributes } from './tone.ts'

const now = new Date('2026-11-21T12:00:00Z')

const rows: [title: string, online: boolean, seenAt: string | null, silent: boolean][] = [
  ['is online', true, '2026-11-01T00:00:00Z', false],
  ['was heard 45 minutes ago', false, '2026-11-21T11:15:00Z', false],
  ['was heard a second earlier', false, '2026-11-21T11:14:59Z', true],
  ['enrolled long ago and was never heard', false, null, true],
]
for (const [title, online, seenAt, silent] of rows)
  test(`a device that ${title} is ${silent ? '' : 'not '}silent`, () => {
    const enrolledAt = '2026-11-01T00:00:00Z'
    assert.equal(isSilent(deviceWith({ online, seenAt, enrolledAt }), now), silent)
  })

test('how a device confines is told apart from what else it reports', () => {
  const attributes = { site: 'north', confinement: 'enforced', 'confinement.user': 'a uid' }
  const device = deviceWith({ attributes })
  assert.deepEqual(confinementOf(device), { verdict: 'enforced', parts: [['user', 'a uid']] })
  assert.deepEqual(plainAttributes(device), [['site', 'north']])
  assert.deepEqual(confinementOf(deviceWith({ attributes: {} })), { verdict: undefined, parts: [] })
})
