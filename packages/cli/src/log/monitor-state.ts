import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { emptyFrontier, type Frontier, frontierHead } from '@steadfleet/authority'
import { equalBytes, fromBase64, isCoded, parseStrictJson, toBase64 } from '@steadfleet/base'
import { object, parserOf } from '@steadfleet/domain'
import { type LogPolicy, openCheckpoint, type SignedCheckpoint } from '@steadfleet/trust'
import { Type } from 'typebox'
import { CliError } from '../error.ts'

/** As far as a log was followed: its checkpoint, and the tree up to there in a few hashes. */
export interface Followed {
  readonly checkpoint: SignedCheckpoint | undefined
  readonly frontier: Frontier
}

const parseFile = parserOf(
  'monitor state',
  object({ note: Type.String(), roots: Type.Array(Type.String(), { maxItems: 64 }) }),
)

/** Where a monitor stood; what does not fit together is refused, so that nothing is begun anew by damage. */
export async function readFollowed(directory: string, policy: LogPolicy): Promise<Followed> {
  const path = pathOf(directory, policy)
  if (!existsSync(path)) return { checkpoint: undefined, frontier: emptyFrontier }
  try {
    const { note, roots } = parseFile(parseStrictJson(await readFile(path)))
    const checkpoint = openCheckpoint(policy.key, note)
    const frontier = { size: checkpoint.size, roots: roots.map(fromBase64) }
    const head = frontierHead(frontier)
    if (head && equalBytes(head.root, checkpoint.root)) return { checkpoint, frontier }
  } catch (cause) {
    if (isCoded(cause)) throw damaged(policy, path, cause)
    throw cause
  }
  throw damaged(policy, path)
}

function damaged({ key }: LogPolicy, path: string, cause?: unknown): CliError {
  const message = `cannot follow log ${key.name}: ${path} is damaged`
  const hint = 'remove it to begin at the first entry'
  return new CliError('cli/damaged', message, { path, hint }, { cause })
}

export async function writeFollowed(
  directory: string,
  policy: LogPolicy,
  { checkpoint, frontier }: Followed,
): Promise<void> {
  const path = pathOf(directory, policy)
  const file = await open(`${path}.new`, 'w')
  try {
    const kept = { note: checkpoint?.note ?? '', roots: frontier.roots.map(toBase64) }
    await file.writeFile(`${JSON.stringify(kept, null, 2)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

function pathOf(directory: string, { key }: LogPolicy): string {
  const hash = createHash('sha256').update(`${key.name}+${key.keyId}`).digest('hex')
  return join(directory, `log-monitor-${hash.slice(0, 16)}.json`)
}
