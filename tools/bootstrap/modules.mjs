import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BootstrapError, runShown } from './say.mjs'

const stamp = 'node_modules/.steadfleet-stamp'
const runtime = 'node_modules/.bin/node'
const pretence = fileURLToPath(new URL('pretend-node.cjs', import.meta.url))
const runtimeName = `node-linux-${process.arch}`

/** Brings `node_modules` to what the lock file says, and leaves it alone when it is that already. */
export async function installModules() {
  const wanted = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex')
  if (readStamp() !== wanted) {
    refuseReadOnly()
    if (!isInstalledAsLocked()) await install()
    linkRuntime()
    refuseMissingRuntime()
    refuseBrokenRuntime()
    writeFileSync(stamp, `${wanted}\n`)
  }
  refuseMissingRuntime()
}

function readStamp() {
  return existsSync(stamp) ? readFileSync(stamp, 'utf8').trim() : undefined
}

async function install() {
  // Nothing that is installed runs code of its own while being installed.
  const args = [
    'ci',
    '--no-audit',
    '--no-fund',
    '--ignore-scripts',
    '--include=dev',
    '--loglevel=error',
    // Three tries in half a minute: npm's own patience is twice that, without a word.
    '--fetch-retries=3',
    '--fetch-retry-mintimeout=2000',
    '--fetch-retry-maxtimeout=10000',
  ]
  const npm = process.env.npm_execpath
  // The Node that npm itself runs on: the one in `node_modules` is about to be replaced.
  const node = process.env.npm_node_execpath || process.execPath
  const [command, first] = npm ? [node, ['--require', pretence, npm]] : ['npm', []]
  const env = {
    ...process.env,
    NODE_ENV: 'development',
    STEADFLEET_NODE_VERSION: lockedNodeVersion() ?? process.version,
  }
  // Interrupted, npm would install on to the end; what a killed one leaves, the next removes.
  const options = { env, killSignal: 'SIGKILL' }
  const label = 'npm ci: what package-lock.json names'
  if (await runShown(label, command, [...first, ...args], options)) return
  throw new BootstrapError(
    'bootstrap/npm-ci',
    'cannot install the npm packages',
    'see the lines above; behind a proxy or a mirror, tell npm of it in ~/.npmrc',
  )
}

/** Refuses a checkout into which nothing can be installed or built. */
export function refuseReadOnly() {
  try {
    accessSync('.', constants.W_OK)
  } catch (cause) {
    throw new BootstrapError(
      'bootstrap/read-only',
      `cannot install or build in ${process.cwd()}: ${cause.code}`,
      'clone the project to a folder of your own, on a disk that can be written',
    )
  }
}

/** The Node that everything but npm and the bootstrap runs on. */
function lockedNodeVersion() {
  const { version } = readPackages('package-lock.json')?.[`node_modules/${runtimeName}`] ?? {}
  return version && `v${version}`
}

/** True when a developer's own `npm install` has already brought all that the lock file names. */
function isInstalledAsLocked() {
  const held = readPackages('node_modules/.package-lock.json')
  const locked = readPackages('package-lock.json')
  if (!held || !locked) return false
  return Object.entries(locked)
    .filter(([path]) => path.startsWith('node_modules/'))
    .every(([path, entry]) => isSame(held[path], entry))
}

/** Packages of other platforms are optional, and absent here. */
function isSame(held, locked) {
  if (!held) return locked.optional === true
  return ['version', 'integrity', 'link'].every(member => held[member] === locked[member])
}

function readPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined
}

/** npm 9 takes the link away again with the package for the other architecture, which has the same. */
function linkRuntime() {
  if (existsSync(runtime) || !existsSync(`node_modules/${runtimeName}/bin/node`)) return
  mkdirSync('node_modules/.bin', { recursive: true })
  rmSync(runtime, { force: true })
  symlinkSync(`../${runtimeName}/bin/node`, runtime)
}

function refuseMissingRuntime() {
  if (existsSync(runtime)) return
  throw new BootstrapError(
    'bootstrap/no-runtime',
    `cannot find Node 26 for ${process.platform} ${process.arch}`,
    'it comes as an npm package for Linux on x64 and arm64; npm must not omit optional packages',
  )
}

/** On a full disk npm cuts an optional package short without a word. A library may come later. */
function refuseBrokenRuntime() {
  const { status, signal, error, stderr } = spawnSync(runtime, ['--version'], { encoding: 'utf8' })
  if (status === 0 || /loading shared libraries/.test(stderr)) return
  rmSync('node_modules', { recursive: true })
  const why = error?.code ?? (stderr.split('\n')[0] || (signal ?? `exit ${status}`))
  throw new BootstrapError(
    'bootstrap/no-runtime',
    `cannot run the Node 26 that npm brought: ${why}`,
    'is the disk full? make room and run it again',
  )
}
