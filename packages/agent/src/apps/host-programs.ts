import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync, realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { promisify } from 'node:util'
import type { Launcher } from '@steadfleet/confine'
import { isMissing } from './files.ts'

const run = promisify(execFile)
const folders = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']

/** The absolute path of a program of the device, or undefined where it has none. */
export function findProgram(name: string): string | undefined {
  return folders.map(folder => `${folder}/${name}`).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/**
 * A program of the device made to run in a sandbox whose tree may lack all that it needs: itself,
 * its loader and its libraries are shown under /.steadfleet, and it is run through the loader.
 */
export async function launcherFor(program: string): Promise<Pick<Launcher, 'shown' | 'command'>> {
  const inside = `/.steadfleet/${basename(program)}`
  const itself = { from: realpathSync(program), at: inside }
  const loader = interpreterOf(readFileSync(program))
  if (loader === undefined) return { shown: [itself], command: [inside] }
  const { stdout } = await run(loader, ['--list', program])
  const libraries = [...stdout.matchAll(/^\s*(\S+) => (\/\S+)/gm)].map(([, name, path]) => ({
    from: realpathSync(path ?? ''),
    at: `/.steadfleet/${basename(name ?? '')}`,
  }))
  const shown = [itself, { from: realpathSync(loader), at: '/.steadfleet/loader' }, ...libraries]
  const unique = [...new Map(shown.map(one => [one.at, one])).values()]
  return {
    shown: unique,
    command: ['/.steadfleet/loader', '--library-path', '/.steadfleet', inside],
  }
}

/** The program by which rights are given away, and the one that runs with none of them. */
export async function launcherOf(program: string, env: string): Promise<Launcher> {
  const [first, second] = await Promise.all([launcherFor(program), launcherFor(env)])
  const shown = new Map([...first.shown, ...second.shown].map(one => [one.at, one]))
  return { shown: [...shown.values()], command: first.command, setter: second.command }
}

const PT_INTERP = 3

/** The loader that a 64-bit little-endian ELF file names (elf(5)); none in a static program. */
export function interpreterOf(file: Buffer): string | undefined {
  if (file.readUInt32BE(0) !== 0x7f454c46) return undefined
  const at = Number(file.readBigUInt64LE(32))
  const [size, count] = [file.readUInt16LE(54), file.readUInt16LE(56)]
  for (let i = 0; i < count; i += 1) {
    const header = at + i * size
    if (file.readUInt32LE(header) !== PT_INTERP) continue
    const from = Number(file.readBigUInt64LE(header + 8))
    const length = Number(file.readBigUInt64LE(header + 32))
    return file.toString('utf8', from, from + length - 1)
  }
  return undefined
}
