import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { toNoteKeyText } from '@steadfleet/authority'
import { type LogPolicy, TrustError } from '@steadfleet/trust'

/**
 * Keeps both notes of a log that disagrees with what was seen of it, and gives the refusal that says
 * where: a third party judges them without this machine. docs/formats/log.md §Evidence of a fork
 */
export async function keepEvidence(
  directory: string,
  { key }: LogPolicy,
  error: TrustError,
): Promise<TrustError> {
  const { heldNote, offeredNote, found = '', ...facts } = error.details
  if (heldNote === undefined || offeredNote === undefined) return error
  const held = { code: error.code, log: toNoteKeyText(key), heldNote, offeredNote, found }
  const text = `${JSON.stringify({ type: 'log-fork', ...held }, null, 2)}\n`
  const path = join(directory, nameOf(key.name, text))
  await writeFile(path, text)
  const hint = `both notes are in ${path}: show them to the log's witnesses and to whoever follows it`
  const details = { ...facts, found, evidence: path, hint }
  return new TrustError(error.code, error.message, details, { cause: error })
}

/** By its content: no later look, at whatever somebody serves, takes the place of what was found. */
function nameOf(origin: string, text: string): string {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 8)
  return `fork-${origin.replace(/[^0-9A-Za-z.-]/g, '_')}-${digest}.evidence`
}
