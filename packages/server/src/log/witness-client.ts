import { type LogKeeper, toAddCheckpoint } from '@steadfleet/authority'
import { isCoded } from '@steadfleet/base'
import {
  isNoteSignedBy,
  parseNote,
  parseSignatureLine,
  parseSize,
  type SignedCheckpoint,
} from '@steadfleet/trust'
import { ServerError } from '../error.ts'
import type { WitnessPlace } from './configuration.ts'

/** A witness as the log sees it: whom to ask, and the size that it cosigned last as far as is known. */
export interface WitnessClient {
  readonly place: WitnessPlace
  readonly size: () => number
  /** Its line for a checkpoint, with the newline; refuses whatever is no cosignature of its key. */
  cosign(keeper: LogKeeper, checkpoint: SignedCheckpoint): Promise<string>
}

/** A witness that is silent for longer is away; so is one that says more. */
const timeoutMs = 5000
const longestAnswer = 16 * 1024

export function openWitness(place: WitnessPlace, published: number): WitnessClient {
  let size = published
  return {
    place,
    size: () => size,
    async cosign(keeper, checkpoint) {
      // What it said it cosigned is where the proof begins; one retry will do unless two logs ask at once.
      for (let tries = 0; tries < 3; tries++) {
        const body = await toAddCheckpoint(keeper, checkpoint.note, size)
        const { status, text } = await post(place, body)
        if (status === 200) {
          refuseForeignLine(place, checkpoint.note, text)
          size = checkpoint.size
          return text
        }
        if (status !== 409) throw refused(place, `it answered ${status}: ${firstLine(text)}`)
        const held = parseSize(text.trim(), 'size')
        refuseAhead(place, held, checkpoint.size, size)
        size = held
      }
      throw refused(place, 'it says another size each time')
    },
  }
}

async function post(
  { key, url }: WitnessPlace,
  body: string,
): Promise<{ status: number; text: string }> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    const reply = await fetch(`${url}/add-checkpoint`, {
      method: 'POST',
      body,
      signal,
      redirect: 'error',
    })
    return { status: reply.status, text: await readText(reply) }
  } catch (cause) {
    if (isCoded(cause)) throw cause
    const message = `cannot reach witness ${key.name}`
    throw new ServerError('log/witness', message, { witness: key.name }, { cause })
  }
}

async function readText(reply: Response): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const part of reply.body ?? []) {
    text += decoder.decode(part, { stream: true })
    if (text.length > longestAnswer) {
      throw new ServerError('log/witness', 'cannot read what a witness answered: it is too long')
    }
  }
  return text
}

/** A line that is not its own would spoil the note for every reader. */
function refuseForeignLine(place: WitnessPlace, note: string, line: string): void {
  const { text } = parseNote(note)
  if (line.endsWith('\n') && line.indexOf('\n') === line.length - 1) {
    const signatures = [parseSignatureLine(line.slice(0, -1))]
    if (isNoteSignedBy({ text, signatures }, place.key)) return
  }
  throw refused(place, 'its answer is no cosignature of its key')
}

/** It has seen more of this log, or another tree: then these files are older than what was shown. */
function refuseAhead({ key }: WitnessPlace, held: number, size: number, said: number): void {
  if (held < size || (held === size && said !== held)) return
  const message = `cannot publish size ${size}: witness ${key.name} cosigned another of ${held}`
  const facts = { witness: key.name, size, held }
  throw new ServerError('log/behind', message, facts)
}

function refused({ key }: WitnessPlace, fact: string): ServerError {
  const message = `cannot get a cosignature of ${key.name}: ${fact}`
  return new ServerError('log/witness', message, { witness: key.name })
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 200)
}
