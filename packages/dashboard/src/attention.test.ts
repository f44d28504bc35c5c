import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { attentionOf, type Known } from './attention.ts'
import { cannedViews, deviceWith } from './testing/views.ts'

const calm: Known = { devices: [], rollouts: [], failures: [], security: [], roles: [] }
const now = new Date()
const wanted = (known: Partial<Known>) => attentionOf({ ...calm, ...known }, now)

describe('what needs a person now', () => {
  const { devices, rollouts, failures, roles, timeline } = cannedViews()
  const security = timeline.filter(({ event }) => event.kind === 'security')

  test('is, of a fleet after a bad day, the halt, what ends, what was refused, failed and is silent', () => {
    const known = { devices, rollouts, failures, security, roles }
    const keys = attentionOf(known, now).map(({ what }) => what)
    assert.deepEqual(keys, [
      'Rollout of acme/greenhouse revision 3 is halted',
      'Publisher acme expires in 11 days',
      'Catalogue targets expires in 79 days',
      'acme/mosquitto on oak is isolated',
      'fig refused something: trust/replayed-order',
      'fig refused something: trust/digest-mismatch',
      'acme/greenhouse revision 3 failed on fig',
      'elm is silent',
    ])
  })

  test('is nothing of a fleet where all is well', () => {
    assert.deepEqual(wanted({ devices: [deviceWith({})] }), [])
  })

  test('is no failure older than a day', () => {
    const later = new Date(now.getTime() + 25 * 3_600_000)
    assert.deepEqual(attentionOf({ ...calm, failures, security }, later), [])
  })

  test('is a device in rescue, before anything that only warns', () => {
    const rescue = deviceWith({ state: 'rescue', silentSince: '2026-01-01T00:00:00Z' })
    assert.deepEqual(
      wanted({ devices: [rescue] }).map(({ tone, what }) => [tone, what]),
      [
        ['bad', 'pine is in rescue'],
        ['warn', 'pine is silent'],
      ],
    )
  })

  test('is a device that is cut off, and a rollout that waits for a grant', () => {
    const [rollout] = rollouts
    assert.ok(rollout)
    const waitsFor = [{ interface: 'camera' }]
    const found = wanted({
      devices: [deviceWith({ isolation: { device: true } })],
      rollouts: [{ ...rollout, state: 'running', waitsFor }],
    })
    assert.deepEqual(
      found.map(({ what, to }) => [what, to]),
      [
        ['pine is isolated', '/security'],
        ['Rollout of acme/greenhouse revision 3 waits for a grant', '/rollouts/3'],
      ],
    )
  })

  test('is an app that does not stay up', () => {
    const [app] = deviceWith({}).apps
    assert.ok(app)
    const devices = [deviceWith({ apps: [{ ...app, state: 'backing off', restarts: 4 }] })]
    assert.deepEqual(
      wanted({ devices }).map(({ what, why }) => `${what}: ${why}`),
      ['service on pine does not stay up: Backing off after 4 restarts.'],
    )
  })

  test('is one line for a release that failed on several devices', () => {
    const [first] = failures
    assert.ok(first)
    const others = ['oak', 'elm', 'oak'].map(deviceName => ({ ...first, deviceName }))
    assert.deepEqual(
      wanted({ failures: [first, ...others] }).map(({ what }) => what),
      ['acme/greenhouse revision 3 failed on fig, oak and elm'],
    )
  })

  test('is a paused rollout, last', () => {
    const paused = rollouts.slice(0, 1).map(rollout => ({ ...rollout, state: 'paused' as const }))
    assert.deepEqual(
      wanted({ rollouts: paused }).map(({ tone, to }) => [tone, to]),
      [['warn', '/rollouts/3']],
    )
  })
})
