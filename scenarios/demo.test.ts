import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'

const bin = resolve(import.meta.dirname, '../packages/cli/bin/steadfleet.mjs')
const isRoot = process.geteuid?.() === 0
const minutes = 60_000

describe('the demo', { timeout: 15 * minutes }, () => {
  test('tells its story, checks each point, and leaves nothing behind; twice', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'sf-demo-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const before = traces(directory)

    const first = await demo(directory)
    assert.equal(first.exit, 0, first.err)
    assert.deepEqual(first.steps.length, 7)
    assert.deepEqual(traces(directory), before)

    const resumed = await demo(directory)
    assert.equal(resumed.exit, 0, resumed.err)
    assert.match(resumed.steps[0]?.seen ?? '', /^found /)
    assert.deepEqual(traces(directory), before)
  })
})

interface Told {
  readonly exit: number | null
  readonly steps: readonly { readonly step: string; readonly seen: string }[]
  readonly err: string
}

function demo(directory: string): Promise<Told> {
  const child = spawn(process.execPath, [bin, 'demo', '--once', '--json', '--dir', directory])
  const said = { out: '', err: '' }
  child.stdout.on('data', text => {
    said.out += text
  })
  child.stderr.on('data', text => {
    said.err += text
  })
  return new Promise(done => {
    child.once('close', exit => {
      const lines = said.out.trim().split('\n').filter(Boolean)
      const steps = lines.map(line => JSON.parse(line)).filter(line => 'step' in line)
      done({ exit, steps, err: said.err })
    })
  })
}

/** What a demo could leave on this machine: processes, network namespaces, links, cgroups. */
function traces(directory: string): Record<string, readonly string[]> {
  return {
    processes: processesOf(directory),
    namespaces: isRoot ? linesOf('ip', ['netns', 'list']).filter(one => one.startsWith('sf-')) : [],
    links: readdirSync('/sys/class/net').filter(name => /^sf[0-9a-f]{6}/.test(name)),
    cgroups: isRoot
      ? linesOf('find', ['/sys/fs/cgroup', '-path', '*steadfleet/*', '-type', 'd'])
      : [],
  }
}

/** Processes whose command line names the folder. */
function processesOf(directory: string): string[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      const line = commandLine(pid)
      return line.includes(directory) && pid !== String(process.pid) ? [line] : []
    })
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // it ended between the two looks
  }
}

function linesOf(program: string, words: readonly string[]): string[] {
  return execFileSync(program, [...words], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .filter(Boolean)
}
