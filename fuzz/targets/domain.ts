import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseStrictJson } from '@steadfleet/base'
import {
  effectiveSettings,
  faultsInDeclarations,
  faultsInManifest,
  faultsInSettings,
  type Parser,
  parseDeviceId,
  parseManifestValue,
  parseOwnSay,
  parsePackageName,
  parseReleaseRecord,
  parseSettingValues,
  parseStateReport,
  parseUpdatePolicy,
  ReleaseRecord,
  releasePath,
} from '@steadfleet/domain'
import fc from 'fast-check'
import { parse } from 'yaml'
import { arbitraryOf } from '../arbitrary.ts'
import { toJsonBytes } from '../seeds.ts'
import { type FuzzTarget, holds } from '../target.ts'

const codes = ['json/', 'bytes/', 'schema/']
const examples = ['greenhouse', 'mosquitto', 'nginx'].map(name =>
  parse(
    readFileSync(resolve(import.meta.dirname, '../../examples', name, 'steadfleet.yaml'), 'utf8'),
  ),
)
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`
const object = { digest, length: 5 }
const since = '2026-11-21T00:00:00Z'
const exampleSay = {
  hold: { until: since },
  metered: true,
  answer: { answer: 'later', update: '0123456789abcdef', by: 'user', until: since },
  pending: { since, waited: 5, leased: 1, security: { since, waited: 5 } },
}
const examplePolicy = {
  windows: [{ days: ['mon', 'sun'], from: '22:00', to: '04:00' }],
  'time-zone': 'Europe/Vienna',
  consent: true,
  'max-delay-seconds': 86_400,
  'min-battery-percent': 30,
  metered: 'wait',
}

/** The readers of `domain`: each takes a value or lists its faults, and so does what comes after. */
export const domainTargets: readonly FuzzTarget[] = [
  {
    ...schemaTarget('manifest', parseManifestValue, examples),
    read: bytes => {
      const manifest = parseManifestValue(parseStrictJson(bytes))
      const settings = manifest.settings ?? {}
      const values = effectiveSettings(settings, {})
      // A manifest whose declarations are sound gives every app settings that are.
      if (faultsInDeclarations(settings).length > 0) return
      holds(faultsInSettings(settings, values).length === 0, 'defaults are allowed values')
      faultsInManifest(manifest)
    },
  },
  {
    name: 'domain-release',
    format: 'release',
    codes,
    seeds: () => [toJsonBytes(exampleRecord())],
    near: arbitraryOf(ReleaseRecord),
    read: bytes => {
      const record = parseReleaseRecord(parseStrictJson(bytes))
      holds(releasePath(record).split('/').length === 4, 'a release has a path of four parts')
    },
  },
  schemaTarget('report', parseStateReport, [exampleReport()]),
  schemaTarget('own-say', parseOwnSay, [exampleSay]),
  schemaTarget('update-policy', parseUpdatePolicy, [examplePolicy]),
  schemaTarget('settings', parseSettingValues, [{ 'low-battery': 20, name: 'x', on: true }]),
  {
    ...schemaTarget('identifiers', parsePackageName, ['acme/greenhouse', `dev_${'0'.repeat(20)}`]),
    near: fc.stringMatching(/^[a-z0-9/_-]{0,90}$/),
    read: bytes => {
      const value = parseStrictJson(bytes)
      const name = isTaken(parsePackageName, value)
      const id = isTaken(parseDeviceId, value)
      holds(!(name && id), 'nothing is a package and a device')
    },
  },
]

function schemaTarget(
  format: string,
  parser: Parser<unknown>,
  seeds: readonly unknown[],
): FuzzTarget {
  return {
    name: `domain-${format}`,
    format,
    codes,
    seeds: () => seeds.map(toJsonBytes),
    near: arbitraryOf(parser.schema),
    read: bytes => parser(parseStrictJson(bytes)),
  }
}

function isTaken(parser: (value: unknown) => unknown, value: unknown): boolean {
  try {
    parser(value)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

function exampleRecord(): object {
  return {
    type: 'release',
    format: 1,
    package: 'acme/greenhouse',
    version: '1.2',
    revision: 3,
    architecture: 'amd64',
    tree: object,
    size: 5,
    floor: 2,
    behaviour: {
      apps: { main: { command: ['bin/main'], health: { tcp: { port: 80 }, 'every-seconds': 5 } } },
      interfaces: [{ interface: 'network', reason: 'to be reached' }],
      settings: { level: { type: 'integer', default: 3, minimum: 1, maximum: 9 } },
      limits: { 'memory-mb': 64 },
    },
    sbom: object,
    provenance: object,
    'support-end': '2031-11-21',
    'security-contact': 'mailto:security@example.com',
    critical: ['behaviour'],
  }
}

function exampleReport(): object {
  const id = `dev_${'0123456789'.repeat(2)}`
  const release = { package: 'acme/greenhouse', revision: 3, tree: digest }
  const app = { package: 'acme/greenhouse', app: 'main', state: 'running', restarts: 0 }
  const [at, state] = ['2026-11-21T00:00:00Z', 'committed']
  const counts = { type: 'report', format: 1, sequence: 1, counter: 1, generation: 1 }
  return {
    ...counts,
    device: id,
    at,
    state,
    releases: [release],
    apps: [app],
    attributes: { a: 'b' },
  }
}
