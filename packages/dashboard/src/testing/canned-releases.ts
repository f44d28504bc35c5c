import { nobody } from '@steadfleet/domain'
import { elm, fig, oak, pine } from './canned-devices.ts'
import { ago, day, digest, minute } from './moments.ts'

const reference = (hex: string, length: number) => ({ digest: digest(hex), length })

function release(of: string, revision: number, version: string, hex: string, age: number) {
  return {
    package: of,
    revision,
    version,
    architecture: 'amd64',
    record: reference(`${hex}01`, 1404),
    tree: reference(hex, 5120),
    size: of === 'acme/greenhouse' ? 98_417_020 + revision * 1042 : 14_210_004,
    sbom: reference(`${hex}02`, 22_410),
    provenance: reference(`${hex}03`, 2210),
    publishedAt: ago(age),
    channels: [],
  }
}

export function makeReleases() {
  return [
    {
      ...release('acme/greenhouse', 3, '1.2.0', 'c4f1902e', 7 * minute),
      hygiene: reference('c4f1902e04', 512),
      channels: ['latest/stable'],
    },
    release('acme/greenhouse', 2, '1.1.0', 'b07e41d2', 2 * day),
    release('acme/greenhouse', 1, '1.0.0', '9a30c1f5', 9 * day),
    {
      ...release('acme/mosquitto', 2, '2.0.11-1.2+deb12u2', '51c8aa03', 3 * day),
      channels: ['latest/stable'],
    },
    release('acme/mosquitto', 1, '2.0.11-1.2+deb12u1', '77d0e2b9', 9 * day),
  ]
}

export function makeChannels() {
  return [
    { package: 'acme/greenhouse', channel: 'latest/stable', revision: 3, movedAt: ago(6 * minute) },
    { package: 'acme/mosquitto', channel: 'latest/stable', revision: 2, movedAt: ago(3 * day) },
  ]
}

const settings = {
  'target-celsius': {
    type: 'integer',
    default: 21,
    minimum: 5,
    maximum: 35,
    description: 'Warmth to hold by day',
  },
  label: {
    type: 'string',
    default: 'Greenhouse',
    'max-length': 40,
    description: 'Shown on the front panel',
  },
  'api-token': { type: 'secret', description: 'For the weather service' },
  vents: { type: 'choice', default: 'automatic', choices: ['automatic', 'open', 'closed'] },
  'night-mode': {
    type: 'boolean',
    default: false,
    description: 'Lower the warmth after sunset',
  },
}

/** What was found in the tree of a canned release. */
export const foundInTree = {
  type: 'hygiene',
  format: 1,
  findings: [
    {
      ...{ finding: 'telnet-server', path: 'usr/bin/busybox', severity: 'severe' },
      words: 'is a BusyBox with a telnet server',
    },
    {
      ...{ finding: 'private-key', path: 'app/test.pem', severity: 'severe' },
      ...{ words: 'holds a private key', accepted: 'a key of the tests alone' },
    },
    {
      ...{ finding: 'unused-library', path: 'lib/libz.so.1', severity: 'note' },
      words: 'nothing needs libz.so.1',
    },
  ],
}

/** The record of a canned release; greenhouse declares a setting of each type. */
export function recordOf({
  channels: _,
  publishedAt: __,
  record: ___,
  ...of
}: ReturnType<typeof makeReleases>[number]): unknown {
  const isGreenhouse = of.package === 'acme/greenhouse'
  return {
    ...of,
    type: 'release',
    format: 1,
    behaviour: {
      apps: { service: { command: ['bin/service'] } },
      ...(isGreenhouse && { settings }),
    },
    'support-end': '2031-12-31',
    'security-contact': 'mailto:security@acme.example',
  }
}

const phases = [
  { count: 1, 'max-failures': 0 },
  { percent: 10, 'max-failures': 0 },
  { percent: 100, 'max-failures': 1 },
]

/** Who is where in them, as the tallies say. */
export function makeMoves() {
  return [fig, oak, pine, elm].map((device, position) => ({
    ...{ device, position, phase: Math.min(position, 2) },
    state: position === 0 ? 'rolled back' : 'waiting',
  }))
}

/** The newest is halted: its first device failed. */
export function makeRollouts() {
  const shared = { fleet: 'home', channel: 'latest/stable', phases, by: 'ada' }
  return [
    {
      ...shared,
      id: 3,
      package: 'acme/greenhouse',
      revision: 3,
      state: 'halted',
      tallies: [
        { ...nobody, 'rolled back': 1 },
        { ...nobody, waiting: 1 },
        { ...nobody, waiting: 2 },
      ],
      findings: [
        { kind: 'rolled back', moved: 1, seen: 1, expected: 0.01, evidence: 16, bound: 400 },
        { kind: 'failed', moved: 1, seen: 0, expected: 0.02, evidence: 0.84, bound: 400 },
      ],
      why: '1 of 1 devices failed in phase 1, where none may',
      createdAt: ago(6 * minute),
      waitsFor: [],
    },
    {
      ...shared,
      id: 2,
      package: 'acme/mosquitto',
      revision: 2,
      state: 'done',
      tallies: [
        { ...nobody, done: 1 },
        { ...nobody, done: 1 },
        { ...nobody, done: 2 },
      ],
      findings: [],
      why: 'every device has spoken',
      createdAt: ago(3 * day),
      waitsFor: [],
    },
  ]
}

export function makeSettings() {
  return [
    { package: 'acme/greenhouse', scope: 'fleet', name: 'home', values: { 'target-celsius': 19 } },
    { package: 'acme/greenhouse', scope: 'device', name: fig, values: { label: 'Fig house' } },
  ]
}
