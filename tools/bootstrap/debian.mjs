import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { BootstrapError, runShown, say } from './say.mjs'

const always = ['start', 'test']
const tests = ['test']

/**
 * What is needed of Debian: a command, a file or a program that runs, any of which shows it is there,
 * the package that brings it, what it is for, and which run wants it. `root` rows serve only a run as
 * root; without a `vital` one the run can't go on.
 */
export const needed = [
  {
    runs: 'node_modules/.bin/node',
    package: 'libatomic1',
    for: 'Node 26 links to it',
    in: always,
    vital: always,
  },
  { command: 'bwrap', package: 'bubblewrap', for: 'confining apps', in: always, vital: ['start'] },
  { command: 'setpriv', package: 'util-linux', for: 'dropping privileges', in: always, root: true },
  { command: 'nft', package: 'nftables', for: 'the firewall', in: always, root: true },
  { command: 'ip', package: 'iproute2', for: 'network namespaces', in: always, root: true },
  { command: 'dpkg-deb', package: 'dpkg', for: 'packing Debian packages', in: always },
  { command: 'apt-get', package: 'apt', for: 'packing Debian packages', in: always },
  { command: 'curl', package: 'curl', for: 'the line that enrols a device', in: tests },
  { command: 'busybox', package: 'busybox-static', for: 'killing the agent anywhere', in: tests },
  { command: 'gcc', package: 'gcc', for: 'the probes that attack the sandbox', in: tests },
  { file: '/usr/include/stdlib.h', package: 'libc6-dev', for: 'the same', in: tests },
  {
    file: '/usr/include/seccomp.h',
    package: 'libseccomp-dev',
    for: 'the filter’s oracle',
    in: tests,
  },
  { command: 'chromium', package: 'chromium', for: 'the dashboard’s tests', in: tests },
  {
    file: '/usr/share/fonts/truetype/liberation',
    package: 'fonts-liberation',
    for: 'the dashboard’s pictures',
    in: tests,
  },
]

/** Installs as root what the run needs of Debian; to anyone else it says how, and goes on if it can. */
export async function installDebianPackages(purpose, isRoot = process.getuid?.() === 0) {
  const missing = missingFor(purpose, isRoot)
  if (isRoot && missing.length > 0 && findCommand('apt-get')) await install(missing)
  const left = missingFor(purpose, isRoot)
  if (left.length > 0) tellOf(left, purpose, isRoot)
}

function missingFor(purpose, isRoot) {
  return needed.filter(row => row.in.includes(purpose) && (isRoot || !row.root) && !isThere(row))
}

function isThere(row) {
  if (row.runs) return spawnSync(row.runs, ['--version']).status === 0
  return row.file ? existsSync(row.file) : findCommand(row.command) !== undefined
}

/** Debian keeps some commands where an ordinary user's PATH does not look. */
function findCommand(name) {
  const path = `${process.env.PATH ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`
  const files = path.split(delimiter).map(folder => join(folder, name))
  return files.find(file => existsSync(file))
}

async function install(missing) {
  const packages = [...new Set(missing.map(row => row.package))]
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const options = ['-o', 'DPkg::Lock::Timeout=120', '--no-install-recommends']
  const args = ['install', '-y', '-qq', ...options, ...packages]
  const label = `apt-get install ${packages.join(' ')}`
  // Lists that are absent, too old, or of one source only don't name what the mirror has.
  await runShown('apt-get update', 'apt-get', ['update', '-qq'], { env })
  await runShown(label, 'apt-get', args, { env })
}

function tellOf(left, purpose, isRoot) {
  const packages = [...new Set(left.map(row => row.package))].join(' ')
  const line = `${isRoot ? '' : 'sudo '}apt-get install ${packages}`
  const vital = left.find(row => row.vital?.includes(purpose))
  if (vital) {
    const code = isRoot ? 'bootstrap/apt' : 'bootstrap/missing-package'
    throw new BootstrapError(
      code,
      `cannot go on without ${vital.command ?? vital.package}: ${vital.for}`,
      line,
    )
  }
  for (const row of left) say(`${row.package} is missing: ${row.for} will be skipped`)
  say(`to have all: ${line}`)
}
