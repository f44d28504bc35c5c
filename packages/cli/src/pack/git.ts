import { type GitCommit, lockName } from '@steadfleet/evidence'
import { run } from './run.ts'

/**
 * The commit that a folder is at, or undefined where there is no git or no repository. The lock is
 * no change: packing itself writes it.
 */
export async function findCommit(home: string): Promise<GitCommit | undefined> {
  const commit = await git(home, 'rev-parse', 'HEAD')
  if (commit === undefined || !/^[0-9a-f]{40,64}$/.test(commit)) return undefined
  const changes = await git(home, 'status', '--porcelain', '--', '.', `:(exclude)${lockName}`)
  const repository = toPublicUrl(await git(home, 'remote', 'get-url', 'origin'))
  return { commit, isClean: changes === '', ...(repository === undefined ? {} : { repository }) }
}

async function git(home: string, ...args: string[]): Promise<string | undefined> {
  const { exit, stdout } = await run('git', ['-C', home, ...args])
  return exit === 0 ? stdout.trim() : undefined
}

/** Only an https address, and nothing of it that could be a name or a password. */
function toPublicUrl(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined
  const { protocol, host, pathname } = new URL(text)
  return protocol === 'https:' ? `https://${host}${pathname}` : undefined
}
