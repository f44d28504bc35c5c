import { execFileSync, type StdioOptions } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { runTool } from './host-shell.ts'

/** Small, so that a copy costs little; with a journal, as a device would have it. */
const megabytes = 32

/** Folders that are memory, where there is one: a laboratory's disk need not wear one out. */
export function makeFolder(name: string): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), `steadfleet-${name}-`))
}

/** An empty ext4 file system, as bytes. */
export function makeImage(folder: string): Uint8Array {
  const file = join(folder, 'image')
  const features = '-Elazy_itable_init=0,lazy_journal_init=0,nodiscard'
  run('mkfs.ext4', ['-q', '-b4096', '-m0', '-Jsize=4', '-N4096', features, file, `${megabytes}M`])
  const image = readFileSync(file)
  rmSync(file)
  return image
}

export async function attachLoop(file: string): Promise<string> {
  return (await runTool('losetup', ['--find', '--show', file])).trim()
}

export async function detachLoop(loop: string): Promise<void> {
  await runTool('losetup', ['--detach', loop])
}

export async function mountImage(loop: string, mountPoint: string): Promise<void> {
  await runTool('mount', ['-t', 'ext4', '-o', 'nodiscard', loop, mountPoint])
}

/** What was killed a moment ago may still hold it. */
export async function unmount(path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await runTool('umount', [path])
      return
    } catch (error) {
      if (tries === mostTries || !/busy/.test(String(error))) throw error
      await wait(50)
    }
  }
}

const mostTries = 200

/** Runs a tool of the system; its message is the error's. `descriptor` becomes its third. */
export function run(tool: string, args: readonly string[], descriptor?: number): string {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...(descriptor ? [descriptor] : [])]
  return execFileSync(tool, args, { encoding: 'utf8', stdio })
}

/** Why there is no laboratory here, or false. */
export function whyNoDisks(): string | false {
  if (process.getuid?.() !== 0) return 'mounting disks needs root'
  if (!existsSync('/dev/fuse') || !existsSync('/dev/loop-control'))
    return 'needs /dev/fuse and loop devices'
  return tools.find(tool => !isTool(tool)) ? `needs ${tools.join(', ')}` : false
}

const tools = ['mkfs.ext4', 'losetup', 'mount', 'umount', 'strace', 'unshare', 'ip', 'nft']

function isTool(name: string): boolean {
  return ['/sbin', '/usr/sbin', '/bin', '/usr/bin'].some(
    folder => existsSync(join(folder, name)) && statSync(join(folder, name)).isFile(),
  )
}
