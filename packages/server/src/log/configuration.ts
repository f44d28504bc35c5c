import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { object, parserOf } from '@steadfleet/domain'
import { type NoteKey, parseNoteKey } from '@steadfleet/trust'
import { Type } from 'typebox'
import { ifThere } from '../disk/durable.ts'

const parseFile = parserOf(
  'log.json',
  object({
    /** The name of the log's key, under which its checkpoints are signed. */
    origin: Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\s+]+$' }),
    /** Whom the log asks to cosign: each by its key and where it answers. */
    witnesses: Type.Array(
      object({ key: Type.String(), url: Type.String({ pattern: '^https?://[^\\s]+$' }) }),
      { maxItems: 100 },
    ),
  }),
)

/** A witness by its key, and where it answers. */
export interface WitnessPlace {
  readonly key: NoteKey
  readonly url: string
}

export interface LogConfiguration {
  readonly origin: string
  readonly witnesses: readonly WitnessPlace[]
}

/** Reads `log.json` of a data directory; without it this server keeps no log. */
export async function readLogConfiguration(folder: string): Promise<LogConfiguration | undefined> {
  const text = await ifThere(readFile(join(folder, 'log.json'), 'utf8'))
  if (text === undefined) return undefined
  const { origin, witnesses } = parseFile(JSON.parse(text))
  const places = witnesses.map(({ key, url }) => ({
    key: parseNoteKey(key),
    url: url.replace(/\/$/, ''),
  }))
  return { origin, witnesses: places }
}
