import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { attempts } from '../table.ts'

const sources = join(import.meta.dirname, '..', 'programs')
const parts = ['run', 'files', 'namespaces', 'processes', 'kernel', 'network']

/** Why the programs can't be made here, or false: what a test that needs them is given as `skip`. */
export const noCompiler: string | false = (() => {
  try {
    execFileSync('gcc', ['--version'], { stdio: 'pipe' })
    return false
  } catch {
    return 'needs gcc'
  }
})()

/** Compiles one program; it needs no library where it runs. */
export function compile(names: readonly string[], to: string): void {
  const files = names.map(name => join(sources, `${name}.c`))
  execFileSync('gcc', ['-static', '-O1', '-w', '-o', to, ...files])
}

/** Puts all attempts into a tree, and what some of them try to change. */
export function plantPrograms(tree: string): void {
  const folder = join(tree, 'attempts')
  for (const name of ['attempts', 'etc', '.steadfleet']) mkdirSync(join(tree, name))
  compile(parts, join(folder, 'run'))
  for (const name of ['spare', 'other']) copyFileSync('/bin/true', join(folder, name))
  writeFileSync(join(tree, '.steadfleet', 'loader'), '')
  for (const { name, shell } of attempts) {
    if (shell !== undefined) writeFileSync(join(folder, `${name}.sh`), `${shell}\n`)
  }
  chmodSync(folder, 0o755)
}
