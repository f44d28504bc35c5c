import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toSandboxEnvironment } from './environment.ts'
import { type SandboxPlan, toSandboxArguments } from './sandbox.ts'

describe('the arguments of a sandbox', () => {
  test('are the same whatever the order of the plan', () => {
    const forth = plan({ entries: [{ path: 'a' }, { path: 'b' }], environment: { A: '1', B: '2' } })
    const back = plan({ entries: [{ path: 'b' }, { path: 'a' }], environment: { B: '2', A: '1' } })
    assert.deepEqual(toSandboxArguments(forth), toSandboxArguments(back))
  })
  test('give every namespace but the user’s to an app of root', () => {
    const given = toSandboxArguments(plan({}))
    for (const name of ['ipc', 'pid', 'uts', 'cgroup-try', 'net']) {
      assert.ok(given.includes(`--unshare-${name}`), name)
    }
    assert.ok(!given.includes('--unshare-user'))
    assert.ok(has(given, '--cap-drop', 'ALL'))
  })
  test('turn an app of root into its uid for good, right before it begins', () => {
    const given = toSandboxArguments(plan({ identity: { kind: 'leased', uid: 7 } }))
    assert.deepEqual(given.slice(given.indexOf('--') + 1), [
      '/.steadfleet/setpriv',
      '--reuid=7',
      '--regid=7',
      '--clear-groups',
      '--inh-caps=-all',
      '--ambient-caps=-all',
      '--bounding-set=-all',
      '--no-new-privs',
      '--',
      '/.steadfleet/env',
      '-i',
      '/usr/bin/app',
      '-v',
    ])
  })
  test('give its environment to the app alone, when it has no right left', () => {
    const given = toSandboxArguments(plan({ environment: { LD_PRELOAD: '/evil.so', A: '1' } }))
    assert.ok(!given.includes('--setenv') && given.includes('--clearenv'))
    assert.deepEqual(given.slice(-6), [
      '/.steadfleet/env',
      '-i',
      'A=1',
      'LD_PRELOAD=/evil.so',
      '/usr/bin/app',
      '-v',
    ])
  })
  test('are refused for a program that would be taken for a variable', () => {
    assert.throws(() => toSandboxArguments(plan({ command: ['usr/a=b'] })), {
      code: 'confine/plan',
    })
  })
  test('give an app of an ordinary user a user namespace and no capability', () => {
    const given = toSandboxArguments(plan({ identity: { kind: 'mapped' } }))
    assert.ok(given.includes('--unshare-user'))
    assert.ok(has(given, '--cap-drop', 'ALL') && !given.includes('--cap-add'))
  })
  for (const name of ['network', 'network-listen']) {
    test(`keep the device’s network for ${name} alone`, () => {
      assert.ok(
        !toSandboxArguments(plan({ opened: [{ interface: name }] })).includes('--unshare-net'),
      )
    })
  }
  test('keep the capabilities of what is opened, and no other', () => {
    const given = toSandboxArguments(plan({ opened: [{ interface: 'time-control' }] }))
    assert.ok(has(given, '--cap-add', 'CAP_SYS_TIME'))
    assert.ok(given.includes('--bounding-set=-all,+sys_time'))
  })
  test('make /dev of a folder where there is one, and bind what is opened by its access', () => {
    const bound = [
      { from: '/home', at: '/home', access: 'read' },
      { from: '/srv/x', at: '/run/steadfleet/x', access: 'write' },
    ] as const
    const given = toSandboxArguments(plan({ devices: '/dev/steadfleet/x', bound }))
    assert.ok(has(given, '--dev-bind', '/dev/steadfleet/x', '/dev'))
    assert.ok(has(given, '--ro-bind', '/home', '/home'))
    assert.ok(has(given, '--dir', '/run/steadfleet', '--bind', '/srv/x', '/run/steadfleet/x'))
  })
  for (const path of ['proc', 'dev', 'tmp', 'data', 'run', 'sys', 'settings.json', '.steadfleet']) {
    test(`show nothing of the tree’s own /${path}`, () => {
      assert.ok(!toSandboxArguments(plan({ entries: [{ path }] })).includes(`/tree/${path}`))
    })
  }
  test('show nothing of the tree above what is bound: root would follow its links', () => {
    const bound = [{ from: '/home/owner', at: '/home/owner', access: 'read' as const }]
    const entries = [{ path: 'home', target: '/oldroot/etc' }, { path: 'usr' }]
    const given = toSandboxArguments(plan({ entries, bound }))
    assert.ok(!given.includes('/oldroot/etc') && given.includes('/tree/usr'))
  })
  test('make a link of a link', () => {
    const given = toSandboxArguments(plan({ entries: [{ path: 'bin', target: 'usr/bin' }] }))
    assert.ok(has(given, '--symlink', 'usr/bin', '/bin'))
  })
  test('close the root after the last mount point is made', () => {
    const given = toSandboxArguments(plan({}))
    const closing = given.lastIndexOf('--remount-ro')
    assert.equal(given[closing + 1], '/')
    for (const name of ['--bind', '--ro-bind', '--tmpfs', '--dev', '--proc']) {
      assert.ok(given.lastIndexOf(name) < closing, name)
    }
  })
  test('refuse a plan without a command', () => {
    assert.throws(() => toSandboxArguments(plan({ command: [] })), { code: 'confine/plan' })
  })
  test('refuse an interface that there is not', () => {
    const code = 'confine/unknown-interface'
    assert.throws(() => toSandboxArguments(plan({ opened: [{ interface: 'toString' }] })), { code })
  })
})

test('what an app shares over its generations may be written, and nothing is mounted in its data', () => {
  const shared = [{ from: '/state/shared/cache', at: '/run/steadfleet/shared/cache' }]
  const given = toSandboxArguments(plan({ shared }))
  assert.ok(has(given, '--bind', '/state/shared/cache', '/run/steadfleet/shared/cache'))
  assert.deepEqual(
    given.filter(word => word.startsWith('/data/')),
    [],
  )
})

test('the environment cannot be told who the app is by its manifest', () => {
  const declared = { HOME: '/tmp', STEADFLEET_DATA: '/etc', GREETING: 'hello' }
  const facts = { package: 'acme/x', app: 'web', revision: 3, declared }
  const { HOME, STEADFLEET_DATA, GREETING, STEADFLEET_REVISION } = toSandboxEnvironment(facts)
  assert.deepEqual(
    [HOME, STEADFLEET_DATA, GREETING, STEADFLEET_REVISION],
    ['/tmp', '/data', 'hello', '3'],
  )
})

function has(given: readonly string[], ...words: string[]): boolean {
  return given.some((_, i) => words.every((word, j) => given[i + j] === word))
}

function plan(stated: Partial<SandboxPlan>): SandboxPlan {
  return {
    identity: { kind: 'leased', uid: 2_000_000_000 },
    launcher: {
      shown: [{ from: '/usr/bin/setpriv', at: '/.steadfleet/setpriv' }],
      command: ['/.steadfleet/setpriv'],
      setter: ['/.steadfleet/env'],
    },
    launcherOptions: [],
    tree: '/tree',
    entries: [{ path: 'usr' }],
    data: '/state/data',
    shared: [],
    settings: '/state/settings.json',
    shown: [],
    opened: [],
    bound: [],
    hostname: 'acme-x',
    environment: {},
    command: ['usr/bin/app', '-v'],
    filter: 3,
    ...stated,
  }
}
