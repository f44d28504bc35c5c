import { spawn } from 'node:child_process'
import { type FileHandle, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { AgentError, isSystemError, orDiskFull } from '../error.ts'

/** Replaces a file so that after a cut of power it is the old one or the new one, whole. */
export async function writeDurably(path: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
  const draft = `${path}.new`
  try {
    await withFile(draft, 'w', mode, async file => {
      await file.writeFile(bytes)
      await file.sync()
    })
    await rename(draft, path)
    await syncDirectory(dirname(path))
  } catch (error) {
    await rm(draft, { force: true })
    throw orDiskFull(error)
  }
}

/** The file's bytes, or undefined where there is no such file. */
export async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

export async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false
    throw error
  }
}

/** Makes a rename or an unlink in this directory outlive a cut of power. */
export async function syncDirectory(path: string): Promise<void> {
  await withFile(path, 'r', 0, file => file.sync())
}

/** Makes everything written to the file system of `path` durable at once: one call, not one a file. */
export function syncFileSystem(path: string): Promise<void> {
  return runTool('sync', ['-f', path])
}

/**
 * Runs a tool of the system and throws what it said where it fails; unless each line of that is one that is
 * `forgiven`, by its last hundred characters.
 */
export function runTool(
  tool: string,
  args: readonly string[],
  { forgiven, environment }: ToolOptions = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...plainEnvironment(), ...environment },
    })
    let [said, forgave] = ['', false]
    createInterface({ input: child.stderr }).on('line', line => {
      if (forgiven?.test(line.slice(-100))) forgave = true
      else said = `${said}${line.slice(-1000)}\n`.slice(-1000)
    })
    child.on('error', reject)
    child.on('close', code => {
      if (code === 0 || (forgave && said === '')) resolve()
      else reject(toolFault(tool, code, said))
    })
  })
}

export interface ToolOptions {
  readonly forgiven?: RegExp
  /** What it is told beside the plain environment: it gets nothing else of this process'. */
  readonly environment?: Readonly<Record<string, string>>
}

/** What a tool of the system says on its standard output, however it ends. */
export function askTool(tool: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: plainEnvironment(),
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', text => {
      said = (said + text).slice(-1000)
    })
    child.on('error', reject)
    child.on('close', () => resolve(said))
  })
}

/** Tools that speak no language but one, so that what they say can be told apart. */
function plainEnvironment(): Record<string, string> {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }
}

function toolFault(tool: string, code: number | null, said: string): AgentError {
  if (/No space left|quota exceeded/i.test(said)) {
    return new AgentError('agent/disk-full', 'cannot write: the disk is full', { tool })
  }
  const message = `cannot run ${tool}: ${said.trim() || `exit ${code}`}`
  return new AgentError('agent/tool', message, { tool })
}

export async function withFile<T>(
  path: string,
  flags: string,
  mode: number,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, flags, mode)
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

export async function makeDirectories(paths: readonly string[], mode = 0o755): Promise<void> {
  for (const path of paths) await mkdir(path, { recursive: true, mode })
}
