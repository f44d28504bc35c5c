import { lstat, readlink, symlink } from 'node:fs/promises'
import { isSystemError } from '../error.ts'
import { askTool, isThere, runTool } from './durable.ts'

/**
 * What the agent, which may be root, does in folders that apps write. An app may swap a folder for a link
 * while it is walked, and nest folders deeper than a path can be long: so a walk is left to programs that go
 * from folder to folder by openat(2), and nothing here resolves a path inside such a folder.
 */

/** Removes the folder or file with all that is in it; accepts that there is none. */
export async function removeAppFolder(path: string): Promise<void> {
  // A program is not started for nothing: an app may be down for it.
  if (!(await isThere(path))) return
  await openUp(path)
  await runTool('rm', ['-rf', '--', path])
}

/** Gives all that is in the folder to this uid. The folder itself comes last: cut short, it is begun again. */
export function giveAppFolder(path: string, uid: number): Promise<void> {
  return runTool('chown', ['-hR', '--', `${uid}:${uid}`, path])
}

/** Has this name be this link, whatever stood there. */
export async function putLink(at: string, target: string): Promise<void> {
  if ((await targetOf(at)) === target) return
  await removeAppFolder(at)
  await symlink(target, at)
}

const tooLong = /: File name too long$/

/**
 * Copies into `to` as it is: owners, modes, times, holes; blocks are shared where the file system can. What
 * lies deeper than a path can be long is left out: only somebody who wants copies to fail puts it there.
 */
export function copyAppFolder(from: readonly string[], to: string): Promise<void> {
  return runTool('cp', ['-a', '--reflink=auto', '--', ...from, to], { forgiven: tooLong })
}

/** What the folders take on the disk, in bytes; what this process may not look into is not counted. */
export async function bytesInAppFolders(paths: readonly string[]): Promise<number> {
  const text = await askTool('du', ['-skc', '--', ...paths])
  const [, kilobytes] = /^(\d+)\s+total$/m.exec(text) ?? []
  return Number(kilobytes ?? 0) * 1024
}

async function targetOf(path: string): Promise<string | undefined> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** An app of the agent's own user may have shut what it made; root is let in anywhere. */
async function openUp(path: string): Promise<void> {
  if (process.geteuid?.() === 0) return
  await askTool('chmod', ['-R', 'u+rwX', '--', path])
}
