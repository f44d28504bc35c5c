import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultsInManifest, parseManifestValue, SchemaError } from './index.ts'

/** The least a manifest says. */
const least = {
  name: 'greenhouse',
  publisher: 'acme',
  version: '1.0',
  architectures: ['amd64'],
  sources: [{ directory: 'app' }],
  'support-end': '2031-12-31',
  'security-contact': 'mailto:security@acme.example',
  apps: { web: { command: ['bin/web'] } },
}

function faultsOf(members: object): string[] {
  try {
    const manifest = parseManifestValue({ ...least, ...members })
    return faultsInManifest(manifest).map(({ path }) => path)
  } catch (error) {
    assert.ok(error instanceof SchemaError)
    return error.faults.map(({ path }) => path)
  }
}

const command = ['bin/web']
const port = { type: 'integer', default: 80, minimum: 1, maximum: 65_535 }
const asked = { http: { port: { setting: 'port' }, path: '/' } }

const rows: [what: string, members: object, paths: string[]][] = [
  ['the least there is', {}, []],
  ['an unknown member', { colour: 'red' }, ['/colour']],
  ['two faults', { name: 'Green House', colour: 'red' }, ['/name', '/colour']],
  ['no app', { apps: {} }, ['/apps']],
  ['an app of a wrong name', { apps: { 'Web 1': { command } } }, ['/apps/Web 1']],
  ['a command as a line', { apps: { web: { command: 'bin/web' } } }, ['/apps/web/command']],
  [
    'a program outside its tree',
    { apps: { web: { command: ['../../bin/sh'] } } },
    ['/apps/web/command/0'],
  ],
  [
    'a NUL in an argument',
    { apps: { web: { command: ['bin/web', '\0'] } } },
    ['/apps/web/command/1'],
  ],
  [
    'an unknown restart policy',
    { apps: { web: { command, restart: 'often' } } },
    ['/apps/web/restart'],
  ],
  [
    'an app that runs once for ever',
    { apps: { web: { command, daemon: 'oneshot', restart: 'always' } } },
    ['/apps/web/restart'],
  ],
  [
    'a lower-case variable',
    { apps: { web: { command, environment: { path: '/' } } } },
    ['/apps/web/environment/path'],
  ],
  [
    'a variable of ours',
    { apps: { web: { command, environment: { STEADFLEET_DATA: '/' } } } },
    ['/apps/web/environment/STEADFLEET_DATA'],
  ],
  [
    'a check on a declared port',
    { apps: { web: { command, health: asked } }, settings: { port } },
    [],
  ],
  [
    'a check on an undeclared setting',
    { apps: { web: { command, health: asked } } },
    ['/apps/web/health/http/port/setting'],
  ],
  [
    'a check on a string',
    {
      apps: { web: { command, health: asked } },
      settings: { port: { type: 'string', default: '' } },
    },
    ['/apps/web/health/http/port/setting'],
  ],
  [
    'a check on any integer',
    { apps: { web: { command, health: asked } }, settings: { port: { ...port, maximum: 70_000 } } },
    ['/apps/web/health/http/port/setting'],
  ],
  [
    'a check of two kinds',
    { apps: { web: { command, health: { tcp: { port: 1 }, exec: command } } } },
    ['/apps/web/health'],
  ],
  [
    'a check outside its tree',
    { apps: { web: { command, health: { exec: ['a/../../b'] } } } },
    ['/apps/web/health/exec/0'],
  ],
  [
    'a default outside its limits',
    { settings: { port: { ...port, default: 0 } } },
    ['/settings/port/default'],
  ],
  [
    'limits that cross',
    { settings: { port: { ...port, minimum: 9, maximum: 8 } } },
    ['/settings/port'],
  ],
  [
    'a setting of an unknown type',
    { settings: { port: { type: 'float', default: 1 } } },
    ['/settings/port/type'],
  ],
  [
    'an interface twice',
    { interfaces: [{ interface: 'network' }, { interface: 'network' }] },
    ['/interfaces/1/interface'],
  ],
  ['a hook outside its tree', { hooks: { migrate: ['../x'] } }, ['/hooks/migrate/0']],
  [
    'a source for another architecture',
    { sources: [{ directory: 'a', architecture: 'arm64' }] },
    ['/sources/0/architecture'],
  ],
  ['a source of no kind', { sources: [{ snap: 'x' }] }, ['/sources/0']],
  [
    'a file placed outside the tree',
    { sources: [{ directory: 'a', to: '../etc' }] },
    ['/sources/0/to'],
  ],
  ['the same architecture twice', { architectures: ['amd64', 'amd64'] }, ['/architectures']],
  ['setuid without a reason', { setuid: [{ path: 'bin/su', reason: '' }] }, ['/setuid/0/reason']],
  [
    'setuid twice',
    {
      setuid: [
        { path: 'bin/su', reason: 'it is the test' },
        { path: 'bin/su', reason: 'it is the test' },
      ],
    },
    ['/setuid/1/path'],
  ],
  ['a day that no calendar has', { 'support-end': '2031-02-30' }, ['/support-end']],
  ['a contact nobody can reach', { 'security-contact': 'ask around' }, ['/security-contact']],
]
for (const [what, members, paths] of rows) {
  const end = paths.length === 0 ? 'has no fault' : `is at fault at ${paths.join(', ')}`
  test(`a manifest with ${what} ${end}`, () => assert.deepEqual(faultsOf(members), paths))
}
