import { ago, day, digest, hour, minute } from './moments.ts'

const greenhouse2 = {
  package: 'acme/greenhouse',
  revision: 2,
  version: '1.1.0',
  tree: digest('b07e41d2'),
}
const mosquitto = {
  package: 'acme/mosquitto',
  revision: 2,
  version: '2.0.11-1.2+deb12u2',
  tree: digest('51c8aa03'),
}
const apps = [
  { package: 'acme/greenhouse', app: 'service', state: 'running', restarts: 0 },
  { package: 'acme/mosquitto', app: 'broker', state: 'running', restarts: 0 },
]
const shared = {
  fleet: 'home',
  model: 'acme/greenhouse-box',
  architecture: 'amd64',
  state: 'committed',
  generation: 4,
  counter: 3,
  orderedCounter: 3,
  releases: [greenhouse2, mosquitto],
  disallowed: [] as string[],
  apps,
  attributes: {
    kernel: '6.12.9',
    confinement: 'enforced',
    'confinement.filter': 'system calls by allowlist',
    'confinement.user': 'a uid of its own per package',
  },
  online: true,
  log: 'none',
  waiting: null,
  enrolledAt: ago(9 * day),
  seenAt: ago(20_000),
  silentSince: null as string | null,
  labels: { site: 'north' } as Record<string, string>,
  heldSince: undefined as string | undefined,
  isolation: undefined as { device?: true; packages?: string[] } | undefined,
}

/** The device that failed its probation and went back. */
export const fig = 'dev_0123456789abcdefghij'
export const oak = 'dev_1123456789abcdefghij'
export const pine = 'dev_2123456789abcdefghij'
export const elm = 'dev_3123456789abcdefghij'

/** Four devices: one went back, two are well, one is silent. */
export function makeDevices() {
  return [
    {
      ...shared,
      id: fig,
      name: 'fig',
      state: 'restored',
      generation: 5,
      counter: 4,
      orderedCounter: 4,
    },
    { ...shared, id: oak, name: 'oak', isolation: { packages: ['acme/mosquitto'] } },
    {
      ...shared,
      id: pine,
      name: 'pine',
      labels: { site: 'south' },
      attributes: { kernel: '6.12.9' },
    },
    {
      ...shared,
      id: elm,
      name: 'elm',
      online: false,
      seenAt: ago(5 * hour),
      silentSince: ago(4 * hour),
      generation: 2,
      counter: 2,
      releases: [
        { ...greenhouse2, revision: 1, version: '1.0.0', tree: digest('9a30c1f5') },
        mosquitto,
      ],
      labels: { site: 'south' },
      attributes: { kernel: '6.12.4' },
    },
  ]
}

const log = [
  '2026-11-21T09:14:02Z greenhouse 1.2.0 listens on 8080',
  '2026-11-21T09:14:05Z reads sensor /data/calibration.json',
  '2026-11-21T09:14:05Z TypeError: Cannot read properties of undefined (reading "offset")',
  '2026-11-21T09:14:05Z     at calibrate (/app/sensor.mjs:41:27)',
  '2026-11-21T09:14:05Z     at tick (/app/service.mjs:88:5)',
]

/** Why revision 3 went back, in the device’s own words. */
export const failure = {
  kind: 'probation',
  package: 'acme/greenhouse',
  app: 'service',
  revision: 3,
  reason: 'service ended 3 seconds into its probation',
  exit: 1,
  log,
}

const crash = {
  kind: 'crash',
  package: 'acme/mosquitto',
  app: 'broker',
  revision: 1,
  reason: 'broker was ended by a signal and restarted',
  signal: 'SIGSEGV',
  log: ['1763716201: mosquitto version 2.0.11 running', '1763716412: Client meter-7 disconnected.'],
}

export function makeFailures() {
  return [
    { id: 2, device: fig, deviceName: 'fig', fleet: 'home', at: ago(4 * minute), failure },
    { id: 1, device: oak, deviceName: 'oak', fleet: 'home', at: ago(3 * day), failure: crash },
  ]
}

export function makeGroups() {
  return [
    { name: 'north', query: 'labels.site == "north"', devices: 2 },
    { name: 'south', query: 'labels.site == "south"', devices: 2 },
  ]
}
