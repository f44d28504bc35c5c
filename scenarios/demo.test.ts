import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import {
  addAuthenticator,
  goTo,
  noBrowser,
  openBrowser,
  openSignedIn,
} from '../packages/dashboard/src/testing/browser.ts'

const bin = resolve(import.meta.dirname, '../packages/cli/bin/steadfleet.mjs')
const isRoot = process.geteuid?.() === 0
const minutes = 60_000

describe('the demo', { timeout: 15 * minutes }, () => {
  test('tells its story, goes on from there, is seen in a browser, and leaves nothing behind', async t => {
    const directory = mkdtempSync(join(tmpdir(), 'sf-demo-'))
    t.after(() => rmSync(directory, { recursive: true, force: true }))
    const nothing = { processes: [], namespaces: [], links: [], cgroups: [] }

    const first = await demo(directory)
    assert.equal(first.exit, 0, first.err)
    assert.deepEqual(first.steps.length, 7)
    assert.deepEqual(traces(directory), nothing)

    const resumed = await demo(directory, look)
    assert.equal(resumed.exit, 0, resumed.err)
    assert.match(resumed.steps[0]?.seen ?? '', /^found /)
    assert.deepEqual(traces(directory), nothing)
  })
})

/** Where `npm run pictures` keeps what the browser saw; without it pictures are taken and dropped. */
const pictures = process.env.STEADFLEET_PICTURES ?? mkdtempSync(join(tmpdir(), 'sf-pictures-'))

/** The link led in once; from then on a passkey does, made and used in a real browser. */
async function comeByPasskey(page: Page): Promise<void> {
  await addAuthenticator(page)
  await goTo(page, '/you')
  await page.getByRole('button', { name: 'Make a passkey' }).click()
  await page.getByText('Not used yet').waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click()
  await page.getByRole('heading', { level: 1, name: 'You' }).waitFor()
  await page.getByText('Not used yet').waitFor({ state: 'detached' })
}

/** What the story left must be what a person sees: three devices, and a rollout that halted, and why. */
async function look(link: string): Promise<void> {
  if (noBrowser) return
  const browser = await openBrowser()
  try {
    const { origin, hash } = new URL(link)
    const token = new URLSearchParams(hash.slice(1)).get('sign-in') ?? ''
    const page = await openSignedIn(browser, origin, token, { height: 860, scale: 2 })
    for (const [path, name, said] of sights) {
      await goTo(page, path)
      for (const text of said) await page.getByText(text).first().waitFor()
      await page.screenshot({ path: join(pictures, `${name}.png`) })
    }
    await comeByPasskey(page)
    // Nobody attacked, so whatever a device refused would be a fault of ours.
    await goTo(page, '/security')
    await page.getByText('No device refused anything').waitFor()
  } finally {
    await browser.close()
  }
}

const sights: readonly [path: string, picture: string, said: readonly (string | RegExp)[]][] = [
  ['/', 'dashboard', [/halted/i, 'greenhouse-1']],
  ['/devices', 'devices', ['greenhouse-1', 'greenhouse-2', 'greenhouse-3']],
  ['/rollouts', 'rollouts', [/halted/i]],
  ['/failures', 'failures', [/acme\/greenhouse revision/, /sensor bus/]],
  ['/trust', 'trust', ['Catalogue targets', 'Transparency log']],
]

interface Told {
  readonly exit: number | null
  readonly steps: readonly { readonly step: string; readonly seen: string }[]
  readonly err: string
}

/** Runs the demo to its end: by itself, or once `watch` has looked at what it serves, by Ctrl-C. */
function demo(directory: string, watch?: (link: string) => Promise<void>): Promise<Told> {
  const once = watch ? [] : ['--once']
  const child = spawn(process.execPath, [bin, 'demo', ...once, '--json', '--dir', directory])
  const said = { out: '', err: '' }
  let watched: Promise<void> | undefined
  child.stdout.on('data', text => {
    said.out += text
    const link = /"serving":true,"dashboard":"([^"]+)"/.exec(said.out)?.[1]
    if (link && watch) watched ??= watch(link).finally(() => child.kill('SIGINT'))
  })
  child.stderr.on('data', text => {
    said.err += text
  })
  return new Promise((done, fail) => {
    child.once('close', exit => {
      const lines = said.out.trim().split('\n').filter(Boolean)
      const steps = lines.map(line => JSON.parse(line)).filter(line => 'step' in line)
      const told = { exit, steps, err: said.err }
      ;(watched ?? Promise.resolve()).then(() => done(told), fail)
    })
  })
}

/** What this demo could leave on this machine: processes, network namespaces, links, cgroups. */
function traces(directory: string): Record<string, readonly string[]> {
  const demo = shortHash(directory, 6)
  const devices = [1, 2, 3].map(number => shortHash(join(directory, 'devices', String(number)), 12))
  const cgroups = isRoot
    ? linesOf('find', ['/sys/fs/cgroup', '-path', '*steadfleet/*', '-type', 'd'])
    : []
  return {
    processes: processesOf(directory),
    namespaces: isRoot ? linesOf('ip', ['netns', 'list']).filter(one => one.includes(demo)) : [],
    links: readdirSync('/sys/class/net').filter(name => name.includes(demo)),
    cgroups: cgroups.filter(path => devices.some(device => path.includes(device))),
  }
}

/** How a demo names its network after its folder, and an agent its cgroups after its own. */
function shortHash(directory: string, length: number): string {
  return createHash('sha256').update(directory).digest('hex').slice(0, length)
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
