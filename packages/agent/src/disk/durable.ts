import { spawn } from 'node:child_process'
import { type FileHandle, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
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

/** Runs a tool of the system and throws what it said where it fails. */
export function runTool(tool: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', text => {
      said = (said + text).slice(-1000)
    })
    child.on('error', reject)
    child.on('close', code => (code === 0 ? resolve() : reject(toolFault(tool, code, said))))
  })
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
