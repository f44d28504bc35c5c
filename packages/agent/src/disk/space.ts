import { statfs } from 'node:fs/promises'
import { AgentError } from '../error.ts'

/** Left free for the journal, the reports and the apps whenever something is fetched. */
const margin = { bytes: 8 * 1024 * 1024, inodes: 512 }

export interface Need {
  readonly bytes: number
  /** Files, folders and links to be made. */
  readonly inodes: number
}

/** Refuses before the first byte what would not fit, rather than filling the disk to find out. */
export async function refuseTooLittleSpace(
  path: string,
  needed: Need,
  does: 'fetch' | 'copy' = 'fetch',
): Promise<void> {
  const { bavail, bsize, files, ffree } = await statfs(path)
  const free = bavail * bsize
  if (!fits(needed.bytes, free, margin.bytes)) {
    const message = `cannot ${does} ${needed.bytes} bytes: the disk has ${free} free`
    throw new AgentError('agent/disk-full', message, { needed: needed.bytes, free })
  }
  // File systems that make inodes as they are needed count none. statfs(2)
  if (files === 0 || fits(needed.inodes, ffree, margin.inodes)) return
  const message = `cannot make ${needed.inodes} files: the disk has room for ${ffree}, however small`
  throw new AgentError('agent/no-inodes', message, { needed: needed.inodes, free: ffree })
}

export function sumOf(needs: readonly Need[]): Need {
  const sum = (of: (one: Need) => number) => needs.reduce((total, one) => total + of(one), 0)
  return { bytes: sum(one => one.bytes), inodes: sum(one => one.inodes) }
}

/** A twentieth of a small disk is margin enough. */
function fits(needed: number, free: number, kept: number): boolean {
  return needed + Math.min(kept, Math.floor(free / 20)) <= free
}
