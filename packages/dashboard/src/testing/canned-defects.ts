import { makeFailures } from './canned-devices.ts'
import { makeReleases } from './canned-releases.ts'
import { ago, day, digest, hour, minute } from './moments.ts'

/** What failed in the canned fleet, by fingerprint, with all that is known of it. */
export function makeDefects() {
  return makeFailures().map((sample, i) => ({
    ...{ id: sample.id, fleet: 'home', fingerprint: digest(`f${i}`), state: 'open' },
    ...{ kind: sample.failure.kind, package: sample.failure.package, app: 'service', exit: 1 },
    title: sample.failure.log.find(line => line.includes('Error')) ?? sample.failure.reason,
    ...{ firstSeen: sample.at, lastSeen: sample.at, isNew: i === 0, count: 2, devices: 1 },
    ...{ firstRevision: sample.failure.revision, lastRevision: sample.failure.revision },
    trend: Array.from({ length: 24 }, (_, at) => (at === 23 ? 2 : 0)),
    revisions: [
      { revision: sample.failure.revision, count: 2, firstSeen: sample.at, lastSeen: sample.at },
    ],
    hit: [
      {
        ...{ device: sample.device, deviceName: sample.deviceName, count: 2 },
        ...{ revision: sample.failure.revision, lastSeen: sample.at },
      },
    ],
    counts: [
      { at: ago(3 * day), seconds: 86_400, count: 1 },
      { at: ago(hour + minute), seconds: 3600, count: 1 },
    ],
    samples: [sample],
    releases: makeReleases().filter(
      release =>
        release.package === sample.failure.package && release.revision === sample.failure.revision,
    ),
  }))
}

/** How fresh the canned fleet is: revision 3 came to one device and went back. */
export function makeShares() {
  const history = [4, 3, 1, 0].map((days, i) => ({
    ...{ at: ago(days * day + hour), seconds: 86_400, devices: 4, fresh: i },
  }))
  const greenhouse = { package: 'acme/greenhouse', channel: 'latest/stable', revision: 3 }
  return [
    { ...greenhouse, devices: 4, fresh: 0, history },
    { package: 'acme/mosquitto', channel: 'latest/stable', devices: 4, fresh: 0, history: [] },
  ]
}
