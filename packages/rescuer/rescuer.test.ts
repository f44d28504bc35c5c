import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'

const rescuer = join(import.meta.dirname, 'rescuer.sh')
const [a, b, c] = ['a', 'b', 'c'].map(letter => letter.repeat(64)) as [string, string, string]
const shells = [['dash'], ['busybox', 'sh'], ['bash', '--posix']].filter(
  ([program = '']) => spawnSync(program, ['--help']).error === undefined,
)

/** What lies there before a start, and what it makes of it. Agents are own, a, b, c. */
interface Row {
  readonly what: string
  readonly current?: string
  readonly previous?: string
  readonly proven?: string
  readonly starts?: string
  readonly sums?: string
  /** The digest beside the agent that the device was given. */
  readonly own?: string
  readonly generation?: number
  readonly trees?: readonly string[]
  readonly runs: string
  readonly ends?: {
    readonly generation?: number
    readonly rescued?: string
    readonly count?: number
  }
}

const sumOf = (text: string) => createHash('sha256').update(text).digest('hex')
const trial = { current: b, previous: a, proven: `${a} 4`, generation: 5, trees: [a, b] }
const rows: readonly Row[] = [
  {
    what: 'a device that just joined runs the agent it was given',
    runs: 'own',
    ends: { count: 1 },
  },
  { what: 'a start is counted', starts: '1 77', runs: 'own', ends: { count: 2 } },
  { what: 'an agent on trial is started three times', ...trial, starts: '2 77', runs: b },
  {
    what: 'an agent on trial that failed three times is gone back from',
    ...trial,
    starts: '3 77',
    runs: a,
    ends: { count: 1, generation: 5, rescued: `agent ${b} ${a} 3` },
  },
  {
    what: 'one that was healthy has ten starts',
    ...trial,
    proven: `${b} 5`,
    starts: '9 7',
    runs: b,
  },
  {
    what: 'one that was healthy and no more is goes back to the one before it',
    ...trial,
    proven: `${b} 5`,
    starts: '10 7',
    runs: a,
    ends: { rescued: `agent ${b} ${a} 10` },
  },
  {
    what: 'under a new generation the good one is gone back to, when the agent is the good one',
    ...trial,
    current: a,
    starts: '3 7',
    runs: a,
    ends: { generation: 4, rescued: 'generation 5 4 3', count: 1 },
  },
  {
    what: 'a good generation that is there no more is not pointed to',
    ...trial,
    current: a,
    proven: `${a} 3`,
    starts: '3 7',
    runs: 'own',
    ends: { generation: 5 },
  },
  {
    what: 'an agent whose file is gone is not waited for',
    ...trial,
    trees: [a],
    runs: a,
    ends: { rescued: `agent ${b} ${a} 0` },
  },
  {
    what: 'with neither good nor earlier agent the one it was given runs',
    current: b,
    starts: '3 7',
    trees: [b],
    runs: 'own',
  },
  {
    what: 'the turn after the last is the good one’s again',
    ...trial,
    current: 'own',
    starts: '3 7',
    runs: a,
  },
  {
    what: 'one with nothing to go back to is started again and again',
    starts: '98 7',
    runs: 'own',
    ends: { count: 99 },
  },
  {
    what: 'the turn goes on to the agent it was given',
    current: a,
    previous: a,
    proven: `${a} 5`,
    generation: 5,
    starts: '10 7',
    trees: [a],
    runs: 'own',
  },
  // Whose file is not what it was when it was taken.
  {
    what: 'an agent whose file was changed is gone back from',
    ...trial,
    sums: `${a} ${sumOf(a)}\n${b} ${'0'.repeat(64)}`,
    runs: a,
    ends: { count: 1, rescued: `agent ${b} ${a} 0 changed` },
  },
  {
    what: 'an agent whose file is what it was is started',
    ...trial,
    sums: `${a} ${'0'.repeat(64)}\n${b} ${sumOf(b)}`,
    runs: b,
  },
  {
    what: 'an agent whose file was changed is not gone back to',
    ...trial,
    starts: '3 7',
    sums: `${a} ${'0'.repeat(64)}`,
    runs: 'own',
    ends: { rescued: `agent ${b} own 3` },
  },
  {
    what: 'with nothing else the agent it was given is started and told of, though it was changed',
    own: '0'.repeat(64),
    runs: 'own',
    ends: { count: 1, rescued: 'agent own own 1 changed' },
  },
  {
    what: 'sums of garbage say nothing against an agent',
    ...trial,
    sums: `${b}\n${b} $(reboot)\0`,
    runs: b,
  },
  // Torn, empty and garbage.
  {
    what: 'an empty counter counts from nothing',
    ...trial,
    starts: '',
    runs: b,
    ends: { count: 1 },
  },
  {
    what: 'a counter of garbage counts from nothing',
    ...trial,
    starts: '\0\0\xff-9 $(reboot)\n',
    runs: b,
    ends: { count: 1 },
  },
  {
    what: 'a counter of a number too large counts from nothing',
    ...trial,
    starts: '9'.repeat(40),
    runs: b,
    ends: { count: 1 },
  },
  { what: 'an empty pointer is the agent it was given', ...trial, current: '', runs: 'own' },
  {
    what: 'a pointer out of the trees is the agent it was given',
    ...trial,
    current: `../${b}`,
    runs: 'own',
  },
  {
    what: 'a pointer that is cut short is the agent it was given',
    ...trial,
    current: b.slice(0, 40),
    runs: 'own',
  },
  {
    what: 'a proof of garbage proves nothing',
    ...trial,
    proven: '\0\0\0',
    starts: '3 7',
    runs: a,
    ends: { rescued: `agent ${b} ${a} 3` },
  },
  {
    what: 'a proof without a generation still names the good agent',
    ...trial,
    previous: c,
    proven: a,
    starts: '3 7',
    runs: a,
  },
]

for (const shell of shells) {
  describe(`the rescuer under ${shell.join(' ')}`, { concurrency: 4 }, () => {
    for (const row of rows) {
      test(row.what, () =>
        inHome(row, home => {
          const { status, stdout, stderr } = start(shell, home)
          assert.equal(status, 7, stderr)
          const [file, ...words] = stdout.trim().split('\n')
          const wanted =
            row.runs === 'own' ? 'agent.mjs' : `state/trees/${row.runs}/steadfleet-agent.mjs`
          assert.equal(file, join(home, wanted))
          assert.deepEqual(words, ['run', '--state', `${home}/state`, '--json', row.runs])
          const { generation = row.generation, rescued = '', count } = row.ends ?? {}
          const line = (name: string) => lineOf(join(home, 'state/agent', name))
          if (count !== undefined) assert.equal(line('starts').split(' ')[0], `${count}`)
          if (rescued !== '') assert.equal(line('rescued'), rescued)
          if (generation === undefined) return
          for (const link of ['current', 'current.copy'])
            assert.equal(readlinkSync(join(home, 'state', link)), `generations/${generation}`)
        }),
      )
    }

    test('a folder where a file should be is replaced, and a pointer that is a folder is none', () =>
      inHome(trial, home => {
        for (const name of ['starts', 'current']) {
          rmSync(join(home, 'state/agent', name), { force: true })
          mkdirSync(join(home, 'state/agent', name))
        }
        assert.match(start(shell, home).stdout, /agent\.mjs\n/)
        assert.match(lineOf(join(home, 'state/agent/starts')), /^1 /)
      }))

    test('a state that cannot be written does not keep the agent from starting', () =>
      inHome(trial, home => {
        rmSync(join(home, 'state/agent'), { recursive: true })
        writeFileSync(join(home, 'state/agent'), 'a file')
        const { status, stdout } = start(shell, home)
        assert.equal(status, 7)
        assert.match(stdout, /agent\.mjs\n/)
      }))

    test('a second start beside an agent that runs is refused, and not counted', () =>
      inHome({ ...trial, starts: '1 7' }, home => {
        const state = join(home, 'state')
        const agent = spawn('sleep', ['100'], { argv0: `node x run --state ${state} y` })
        try {
          writeFileSync(join(state, 'holder'), `${agent.pid}`)
          const { status, stderr } = start(shell, home)
          assert.equal(status, 1)
          assert.match(stderr, /an agent runs already/)
          assert.equal(lineOf(join(state, 'agent/starts')), '1 7')
        } finally {
          agent.kill()
        }
      }))

    test('the runtime of a package goes before the device’s', () =>
      inHome(trial, home => {
        const own = join(home, `state/trees/${b}/bin/node`)
        mkdirSync(dirname(own))
        writeFileSync(own, '#!/bin/sh\necho its own; exit 8\n', { mode: 0o755 })
        const { status, stdout } = start(shell, home)
        assert.deepEqual([status, stdout], [8, 'its own\n'])
      }))

    test('a start that neither ends nor becomes healthy is ended', () =>
      inHome({ what: '', runs: 'own' }, home => {
        writeFileSync(join(home, 'node'), '#!/bin/sh\nwhile :; do sleep 1; done\n', { mode: 0o755 })
        const { signal } = start(shell, home, { STEADFLEET_START_SECONDS: '1' })
        assert.equal(signal, 'SIGKILL')
      }))
  })
}

test('an agent that was healthy and gives no sign of life any more is ended', async () => {
  await Promise.all(shells.map(endsHanging))
})

/** It beats for longer than it may be silent, says that it lived, and hangs. */
async function endsHanging([program = '', ...options]: readonly string[]): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'steadfleet-rescuer-'))
  try {
    mkdirSync(join(home, 'state/agent'), { recursive: true })
    writeFileSync(join(home, 'agent.mjs'), 'own')
    const beats = 'for i in 1 2 3 4 5 6; do echo $i >"$STEADFLEET_BEAT"; sleep 0.5; done'
    const script = `echo 0 >${home}/state/agent/starts; ${beats}; touch ${home}/lived`
    const hang = `#!/bin/sh\n${script}; while :; do sleep 1; done\n`
    writeFileSync(join(home, 'node'), hang, { mode: 0o755 })
    const env = { PATH: process.env.PATH, STEADFLEET_HANG_SECONDS: '2', XDG_RUNTIME_DIR: home }
    const words = [...options, rescuer, '--home', home, '--json']
    const agent = spawn(program, words, { env, stdio: 'ignore' })
    const [, signal] = await once(agent, 'exit')
    assert.equal(signal, 'SIGKILL')
    assert.ok(existsSync(join(home, 'lived')))
    while (readdirSync(home).some(name => name.startsWith('steadfleet-agent-'))) await wait(100)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

test('the rescuer explains itself, and refuses a command that is cut short', () => {
  const { status, stdout } = spawnSync(rescuer, ['--help'], { encoding: 'utf8' })
  assert.equal(status, 0)
  assert.match(stdout, /rescuer \[--home DIR\]/)
  assert.equal(spawnSync(rescuer, ['--home']).status, 2)
})

test('the rescuer prints a unit in which it is started again for ever', () => {
  const { stdout } = spawnSync(rescuer, ['--home', tmpdir(), '--unit'], { encoding: 'utf8' })
  for (const line of [`ExecStart=${tmpdir()}/rescuer --json`, 'Restart=always', 'KillMode=process'])
    assert.ok(stdout.includes(`${line}\n`), line)
})

function start(
  [shell = '', ...options]: readonly string[],
  home: string,
  environment: Record<string, string> = {},
): SpawnSyncReturns<string> {
  return spawnSync(shell, [...options, rescuer, '--home', home, '--json'], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...environment },
    timeout: 30_000,
  })
}

/** A runtime that says how it was started, instead of an agent. */
const node = `#!/bin/sh
printf '%s\\n' "$@" "$STEADFLEET_LAUNCHED"
exit 7
`

function inHome(row: Partial<Row>, use: (home: string) => void): void {
  const home = mkdtempSync(join(tmpdir(), 'steadfleet-rescuer-'))
  const state = join(home, 'state')
  try {
    mkdirSync(join(state, 'agent'), { recursive: true })
    writeFileSync(join(home, 'agent.mjs'), 'own')
    writeFileSync(join(home, 'node'), node, { mode: 0o755 })
    for (const tree of row.trees ?? []) {
      mkdirSync(join(state, 'trees', tree), { recursive: true })
      writeFileSync(join(state, 'trees', tree, 'steadfleet-agent.mjs'), tree)
    }
    if (row.own) writeFileSync(join(home, 'agent.sha256'), `${row.own}\n`)
    for (const name of ['current', 'previous', 'proven', 'starts', 'sums'] as const)
      if (row[name] !== undefined)
        writeFileSync(join(state, 'agent', name), Buffer.from(`${row[name]}\n`, 'latin1'))
    for (const number of row.generation ? [row.generation, 4] : []) {
      const folder = join(state, 'generations', `${number}`)
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'generation.json'), '{}')
    }
    for (const link of row.generation ? ['current', 'current.copy'] : [])
      symlinkSync(`generations/${row.generation}`, join(state, link))
    use(home)
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

function lineOf(path: string): string {
  return existsSync(path) ? (readFileSync(path, 'utf8').split('\n')[0] ?? '') : ''
}
