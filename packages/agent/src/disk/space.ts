import { statfs } from 'node:fs/promises'
import { AgentError } from '../error.ts'

/** Left free for the journal, the reports and the apps whenever something is fetched. */
const margin = 8 * 1024 * 1024

/** Refuses before the first byte what would not fit, rather than filling the disk to find out. */
export async function refuseTooLittleSpace(path: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(path)
  const free = bavail * bsize
  // A twentieth of a small disk is margin enough.
  const kept = Math.min(margin, Math.floor(free / 20))
  if (needed + kept <= free) return
  const message = `cannot fetch ${needed} bytes: the disk has ${free} free`
  throw new AgentError('agent/disk-full', message, { needed, free })
}
