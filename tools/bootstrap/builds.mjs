import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { refuseReadOnly } from './modules.mjs'
import { BootstrapError, runShown } from './say.mjs'

/** The parts that are built: the script, what it reads, and a file that shows it has run. */
const parts = [
  {
    name: 'libraries',
    script: 'tools/bootstrap/one-file.mjs',
    reads: ['tools/bootstrap'],
    result: 'packages/node_modules/typebox/package.json',
  },
  {
    name: 'dashboard',
    script: 'packages/dashboard/build.mjs',
    reads: ['packages/base', 'packages/domain', 'packages/protocol', 'packages/dashboard'],
    result: 'packages/dashboard/dist/index.html',
  },
  {
    name: 'agent',
    script: 'packages/agent/build.mjs',
    reads: ['agent', 'base', 'bundle', 'confine', 'domain', 'engine', 'protocol', 'trust'].map(
      name => join('packages', name),
    ),
    result: 'build/steadfleet-agent.mjs',
  },
]

/** Builds each part whose inputs are not those it was last built from. */
export async function buildStaleParts() {
  for (const part of parts.filter(({ script }) => existsSync(script))) await buildIfStale(part)
}

async function buildIfStale(part) {
  const stamp = `build/${part.name}.stamp`
  const wanted = hashOf(part)
  const held = existsSync(stamp) ? readFileSync(stamp, 'utf8') : ''
  if (held === wanted && existsSync(part.result)) return
  refuseReadOnly()
  const label = `building the ${part.name}`
  if (!(await runShown(label, 'node_modules/.bin/node', [part.script]))) {
    throw new BootstrapError('bootstrap/build', `cannot build the ${part.name}`)
  }
  mkdirSync('build', { recursive: true })
  writeFileSync(stamp, wanted)
}

function hashOf({ reads }) {
  const hash = createHash('sha256').update(readFileSync('package-lock.json'))
  for (const file of reads.flatMap(filesIn)) hash.update(`\0${file}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

/** Every file of a package but its tests, its results and its prose, in one order. */
function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .filter(entry => !/^(dist|node_modules)$|\.test\.tsx?$|\.md$/.test(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(entry => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? filesIn(path) : [path]
    })
}
