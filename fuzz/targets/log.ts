import { toLogProofText } from '@steadfleet/authority'
import { pretendLogPolicy } from '@steadfleet/authority/testing'
import { isCoded, toUtf8 } from '@steadfleet/base'
import {
  acceptLogged,
  logPolicy,
  parseCheckpoint,
  parseLogProof,
  parseNote,
  parseNoteKey,
} from '@steadfleet/trust'
import { documentsIn } from '../seeds.ts'
import { type FuzzTarget, holds } from '../target.ts'

const codes = ['trust/']
const policy = logPolicy(pretendLogPolicy(['w1', 'w2'], 1), 'policy')
const proofs = () => documentsIn('log/**/*.json', text => text.startsWith('c2sp.org/tlog-proof@v1'))
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString()

/** The checkpoint at the end of each frozen proof. */
function checkpoints(): Uint8Array[] {
  return proofs().flatMap(bytes => {
    const text = textOf(bytes)
    const at = text.indexOf('\n\n')
    return at < 0 ? [] : [toUtf8(text.slice(at + 2))]
  })
}

/** The readers of what a log says. */
export const logTargets: readonly FuzzTarget[] = [
  {
    name: 'trust-note',
    format: 'log',
    codes,
    seeds: checkpoints,
    read: bytes => {
      const note = textOf(bytes)
      const { text } = parseNote(note)
      holds(note.startsWith(text), 'what is signed is the beginning of the note')
      parseCheckpoint(text)
    },
  },
  {
    name: 'trust-note-key',
    format: 'log',
    codes,
    seeds: () => documentsIn('log/**/*.json', text => /^[^\n+]+\+[0-9a-f]{8}\+/.test(text)),
    read: bytes => parseNoteKey(textOf(bytes)),
  },
  {
    name: 'trust-log-proof',
    format: 'log',
    codes,
    seeds: proofs,
    read: bytes => {
      const proof = parseLogProof(textOf(bytes))
      const again = parseLogProof(toLogProofText(proof))
      holds(JSON.stringify(again) === JSON.stringify(proof), 'it is written back as it was')
      const size = sizeIn(() => acceptLogged(policy, undefined, proof, toUtf8('leaf 258')).size)
      holds(size === undefined || size > 258, 'a leaf is in a log that is long enough')
    },
  },
]

/** What it was accepted with; most mutations are refused, and by a code. */
function sizeIn(accept: () => number): number | undefined {
  try {
    return accept()
  } catch (error) {
    if (isCoded(error)) return undefined
    throw error
  }
}
