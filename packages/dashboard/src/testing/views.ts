import { parserOf } from '@steadfleet/domain'
import {
  type DeviceView,
  listChannels,
  listDevices,
  listFailures,
  listFleets,
  listRoles,
  listRollouts,
  listSecurityEvents,
} from '@steadfleet/protocol'
import { makeCanned } from './canned.ts'

/** The canned fleet as the routes' own schemas read it: what the pure functions are tested with. */
export function cannedViews() {
  const canned = makeCanned()
  return {
    devices: parserOf('devices', listDevices.reply)(canned.devices),
    rollouts: parserOf('rollouts', listRollouts.reply)(canned.rollouts),
    failures: parserOf('failures', listFailures.reply)(canned.failures),
    timeline: parserOf('timeline', listSecurityEvents.reply)(canned.timeline),
    fleets: parserOf('fleets', listFleets.reply)(canned.fleets),
    roles: parserOf('roles', listRoles.reply)(canned.roles),
    channels: parserOf('channels', listChannels.reply)(canned.channels),
  }
}

/** One of the canned devices, changed as a test wants it. */
export function deviceWith(changes: Partial<DeviceView>): DeviceView {
  const pine = cannedViews().devices.find(({ name }) => name === 'pine')
  if (!pine) throw new TypeError('the canned fleet has no pine')
  return { ...pine, ...changes }
}
