import type { VouchedKey } from '@steadfleet/protocol'
import { makeDefects, makeShares } from './canned-defects.ts'
import { makeDevices, makeFailures, makeGroups } from './canned-devices.ts'
import { makeGrants, makeReviews } from './canned-grants.ts'
import { makeAudit, makePeople } from './canned-people.ts'
import {
  makeChannels,
  makeMoves,
  makeReleases,
  makeRollouts,
  makeSettings,
} from './canned-releases.ts'
import { makeTimeline } from './canned-timeline.ts'
import { type makeLog, makeRoles } from './canned-trust.ts'

/** A small fleet after a bad day: revision 3 failed on its first device and halted. */
export function makeCanned() {
  const devices = makeDevices()
  return {
    devices,
    people: makePeople(),
    audit: makeAudit(),
    timeline: makeTimeline(),
    failures: makeFailures(),
    defects: makeDefects(),
    shares: makeShares(),
    mail: {
      isPossible: true,
      address: 'operator@example.com',
      kinds: ['rollout.halted'],
      said: '',
    },
    groups: makeGroups(),
    releases: makeReleases(),
    channels: makeChannels(),
    rollouts: makeRollouts(),
    moves: makeMoves(),
    settings: makeSettings(),
    sealing: undefined as VouchedKey | undefined,
    roles: makeRoles(),
    grants: makeGrants(),
    reviews: makeReviews(),
    log: undefined as ReturnType<typeof makeLog> | undefined,
    fleets: [
      {
        name: 'home',
        owner: 'own_0123456789abcdefghij',
        model: 'acme/greenhouse-box',
        devices: devices.length,
        online: devices.filter(({ online }) => online).length,
        silent: devices.filter(({ silentSince }) => silentSince !== null).length,
        checkInSeconds: 900,
        isolateFrom: 1000,
        require: [],
        updates: {},
        rollouts: {},
        packages: [
          { package: 'acme/greenhouse', channel: 'latest/stable' },
          { package: 'acme/mosquitto', channel: 'latest/stable' },
        ],
      },
    ],
  }
}

export type Canned = ReturnType<typeof makeCanned>

/** A fleet on its first day: nothing enrolled, nothing published. */
export function makeEmpty(): Canned {
  const { fleets, roles } = makeCanned()
  const empty = {
    devices: [],
    people: [],
    audit: [],
    timeline: [],
    failures: [],
    defects: [],
    shares: [],
    mail: { isPossible: false, address: '', kinds: [], said: '' },
    groups: [],
    releases: [],
    channels: [],
    rollouts: [],
    moves: [],
    settings: [],
    sealing: undefined,
    roles: roles.filter(({ alarm }) => alarm < 75),
    log: undefined,
    grants: { grants: [], decisions: [], rules: {}, modelRules: {} },
    reviews: [],
  }
  return {
    ...empty,
    fleets: fleets.map(fleet => ({ ...fleet, devices: 0, online: 0, packages: [] })),
  }
}
