import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { isRoot, noSandbox } from '../apps/testing/bench.test.ts'
import type { Attempt } from './attempt.ts'
import { attempts } from './table.ts'
import { noCompiler } from './testing/programs.test.ts'
import type { Verdict } from './testing/stage.test.ts'

const stage = join(import.meta.dirname, 'testing', 'stage.test.ts')
const namespaces = ['--mount', '--net', '--uts', '--ipc', '--propagation', 'private']
const ordinary = ['--reuid=65534', '--regid=65534', '--clear-groups']

/** What a program says where the kernel of this machine has not what it asks for. */
const lacking = ['EAFNOSUPPORT', 'ENODEV', 'ENOSYS', 'ENXIO', 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT']

const identities = [
  { who: 'root', asRoot: true, prefix: ['unshare', ...namespaces], skip: !isRoot && 'needs root' },
  {
    who: 'an ordinary user',
    asRoot: false,
    prefix: isRoot ? ['setpriv', ...ordinary] : [],
    skip: unreadable(),
  },
]

for (const { who, asRoot, prefix, skip } of identities) {
  describe(`in a sandbox that ${who} makes`, { skip: noSandbox || noCompiler || skip }, () => {
    const verdicts = runStage(prefix)
    for (const attempt of attempts) {
      const opened = attempt.opened.map(name => `, given ${name}`).join('')
      test(`an app that ${attempt.tries}${opened} is stopped`, t => {
        const found = verdicts.find(
          one => one.name === attempt.name && `${one.opened}` === `${attempt.opened}`,
        )
        assert.ok(found, 'it was tried')
        if (!asRoot && attempt.asUser !== undefined) return t.skip(attempt.asUser)
        for (const said of [found.asHook, found.asApp]) {
          assert.ok(attempt.refused.includes(said), `in a sandbox it says ${said}`)
        }
        const doubt = doubtOf(attempt, found.unconfined, asRoot)
        if (doubt !== undefined) t.diagnostic(doubt)
        return undefined
      })
    }
    test('enough of them get through without a sandbox', {
      skip: !asRoot && 'it has no rights to lose',
    }, () => {
      const through = verdicts.filter(one => throughOf(one))
      assert.ok(through.length >= 100, `${through.length} of ${verdicts.length}`)
    })
  })
}

/** Without a sandbox it gets through; why this machine does not show it, if so. */
function doubtOf(attempt: Attempt, said: string, asRoot: boolean): string | undefined {
  if (said === attempt.through) return undefined
  if (!asRoot) return `an ordinary user is refused this anyway: ${said}`
  const lacks = [...lacking, ...(attempt.lacking ?? [])]
  assert.ok(lacks.includes(said), `without a sandbox it says ${said}`)
  return `this machine does not show it without a sandbox: ${said}`
}

function throughOf({ name, unconfined }: Verdict): boolean {
  return attempts.some(one => one.name === name && one.through === unconfined)
}

function runStage(prefix: readonly string[]): Verdict[] {
  const folder = mkdtempSync(join(tmpdir(), 'steadfleet-escape-'))
  writeFileSync(join(folder, 'secret'), 'secret')
  const secret = openSync(join(folder, 'secret'), 'r')
  const [program = '', ...words] = [...prefix, process.execPath, stage, 'run']
  const { status, stdout, stderr } = spawnSync(program, words, {
    env: { PATH: process.env.PATH, TMPDIR: tmpdir(), STEADFLEET_ESCAPE_SECRET: 'secret' },
    stdio: ['ignore', 'pipe', 'pipe', secret],
    encoding: 'utf8',
    timeout: 120_000,
  })
  closeSync(secret)
  rmSync(folder, { recursive: true })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout)
}

/** Why an ordinary user can't run this from here, or false. */
function unreadable(): string | false {
  if (!isRoot) return false
  const { status } = spawnSync('setpriv', [...ordinary, process.execPath, '--check', stage])
  return status === 0 ? false : 'uid 65534 cannot read this checkout'
}
