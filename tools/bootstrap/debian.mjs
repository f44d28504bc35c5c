import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { BootstrapError, runShown, say } from './say.mjs'

const always = ['start', 'test']
const tests = ['test']

/**
 * What is needed of Debian: a command, a file or a program that runs, any of which shows it is there,
 * the package that brings it, what it is for, and which run wants it. A program that is not there yet,
 * or is damaged, is judged by the `library` it links to. `root` rows serve only a run as root; without a `vital` one
 * the run can't go on.
 */
export const needed = [
  {
    runs: 'node_modules/.bin/node',
    library: 'libatomic.so.1',
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
  { command: 'openssl', package: 'openssl', for: 'the certificates of tests', in: tests },
  { command: 'gcc', package: 'gcc', for: 'the probes that attack the sandbox', in: tests },
  { file: '/usr/include/stdlib.h', package: 'libc6-dev', for: 'the same', in: tests },
  {
    file: '/usr/include/seccomp.h',
    package: 'libseccomp-dev',
    for: 'the filter’s oracle',
    in: tests,
  },
  {
    // Each release of Debian and Ubuntu has a version of its own, in a folder of that name.
    versions: '/usr/lib/postgresql',
    file: 'bin/postgres',
    package: 'postgresql',
    for: 'the server over PostgreSQL',
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
  refuseMissing(purpose, isRoot)
  const left = missingFor(purpose, isRoot)
  for (const row of left) say(`${row.package} is missing: ${row.for} will be skipped`)
  if (left.length > 0) say(`to have all: ${installLine(left, isRoot)}`)
}

/** Refuses to go on without what the run can't do without, all of it in one line. */
export function refuseMissing(purpose, isRoot = process.getuid?.() === 0) {
  const left = missingFor(purpose, isRoot)
  const vital = left.filter(row => row.vital?.includes(purpose))
  if (vital.length === 0) return
  throw new BootstrapError(
    isRoot ? 'bootstrap/apt' : 'bootstrap/missing-package',
    `cannot go on without ${vital.map(row => `${row.package} (${row.for})`).join(' and ')}`,
    installLine(left, isRoot),
  )
}

function missingFor(purpose, isRoot) {
  return needed.filter(row => row.in.includes(purpose) && (isRoot || !row.root) && !isThere(row))
}

function isThere(row) {
  if (row.runs) return spawnSync(row.runs, ['--version']).status === 0 || hasLibrary(row.library)
  if (row.versions) return isInOneOf(row.versions, row.file)
  return row.file ? existsSync(row.file) : findCommand(row.command) !== undefined
}

function isInOneOf(folder, file) {
  const versions = existsSync(folder) ? readdirSync(folder) : []
  return versions.some(version => existsSync(join(folder, version, file)))
}

/** Whether the loader knows a library; yes where it can't be asked, since trying will tell. */
function hasLibrary(name) {
  const ldconfig = findCommand('ldconfig')
  const { status, stdout } = spawnSync(ldconfig ?? 'ldconfig', ['-p'], { encoding: 'utf8' })
  return status !== 0 || stdout.includes(`${name} `)
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

/** A new machine has no lists of packages yet, so they come first. */
function installLine(rows, isRoot) {
  const packages = [...new Set(rows.map(row => row.package))].join(' ')
  const sudo = isRoot ? '' : 'sudo '
  return `${sudo}apt-get update && ${sudo}apt-get install ${packages}`
}
