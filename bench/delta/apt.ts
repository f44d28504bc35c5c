import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** apt with a state of its own, for any architecture: the machine's own packages stay as they are. */
export interface Apt {
  run(args: readonly string[], folder: string): void
}

const places = '/etc/apt/sources.list.d'

/** Opens it in a folder, with the machine's own sources of Debian. */
export function openApt(root: string, architecture: string): Apt {
  const options = [
    ['APT::Sandbox::User', 'root'],
    ['APT::Architecture', architecture],
    ['APT::Architectures', architecture],
    ['Dir::State', join(root, 'state')],
    ['Dir::State::status', join(root, 'status')],
    ['Dir::Cache', join(root, 'cache')],
    ['Dir::Etc::sourcelist', '/dev/null'],
    ['Dir::Etc::sourceparts', join(root, 'sources')],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const run: Apt['run'] = (args, cwd) => {
    const stdio = ['ignore', 'ignore', 'inherit'] as const
    execFileSync('apt-get', ['-q', ...options, ...args], { cwd, stdio: [...stdio] })
  }
  if (existsSync(root)) return { run }
  for (const name of ['state/lists/partial', 'cache/archives/partial', 'sources']) {
    mkdirSync(join(root, name), { recursive: true })
  }
  writeFileSync(join(root, 'status'), '')
  for (const name of readdirSync(places)) {
    const text = readFileSync(join(places, name), 'utf8')
    if (text.includes('debian-archive-keyring')) writeFileSync(join(root, 'sources', name), text)
  }
  run(['update'], root)
  return { run }
}

/** Where the machine's sources have a suite. */
export function mirrorOf(suite: string): string {
  const format = '$(REPO_URI) $(CODENAME)'
  const args = ['indextargets', '--format', format, 'Created-By: Packages']
  const lines = execFileSync('apt-get', args, { encoding: 'utf8' }).split('\n')
  const uri = lines.find(line => line.endsWith(` ${suite}`))?.split(' ')[0]
  if (uri !== undefined) return uri
  throw new Error(`cannot make a system of ${suite}: this machine has no source of it`)
}
