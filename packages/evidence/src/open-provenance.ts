import { type CodedError, type Digest, digestOf, fromBase64 } from '@steadfleet/base'
import { type ReleaseRecord, releasePath } from '@steadfleet/domain'
import {
  type Envelope,
  keyIdOf,
  openEnvelope,
  parseEnvelopeBytes,
  payloadTypes,
} from '@steadfleet/trust'
import type { Builder } from './builder.ts'
import { EvidenceError, orRefused } from './error.ts'
import { type Provenance, parseProvenance } from './statement.ts'

/** Provenance that a builder which counts has signed, of exactly this release. */
export interface OpenedProvenance extends Provenance {
  readonly signer: Builder
  /** Of the statement's exact bytes, without the envelope. */
  readonly statement: Digest
}

type Described = Pick<ReleaseRecord, 'package' | 'revision' | 'architecture' | 'tree' | 'sbom'>

/**
 * Opens the envelope that a release record names. It is signed by a builder of the list, by the key
 * that the list gives the builder which the statement names, and it is about this very release.
 */
export function openProvenance(
  bytes: Uint8Array,
  builders: readonly Builder[],
  release: Described,
): OpenedProvenance {
  const sealed = orRefused('provenance/malformed', 'provenance', () => parseEnvelopeBytes(bytes))
  const known = refuseUncounted(sealed, builders)
  const provenance = parseProvenance(openBy(sealed, known))
  const named = known.filter(({ id }) => id === provenance.builder.id)
  const [signer] = named
  if (!signer) throw uncounted(`it names builder ${provenance.builder.id}`, provenance.builder.id)
  openBy(sealed, named)
  refuseOtherRelease(provenance, release)
  return { ...provenance, signer, statement: digestOf(fromBase64(sealed.payload)) }
}

/** Refuses provenance by a builder from which nothing new is taken. */
export function refuseRetired({ signer }: OpenedProvenance): void {
  if (signer.retired !== true) return
  throw uncounted(`builder ${signer.id} is retired`, signer.id)
}

/** The builders of the list whose keys are named beside a signature; whether it holds comes after. */
function refuseUncounted(sealed: Envelope, builders: readonly Builder[]): readonly Builder[] {
  const [first] = sealed.signatures
  if (!first) {
    throw new EvidenceError('provenance/unsigned', 'cannot trust provenance: nobody signed it')
  }
  const signers = new Set(sealed.signatures.map(({ keyid }) => keyid))
  const known = builders.filter(({ key }) => signers.has(keyIdOf(key)))
  if (known.length > 0) return known
  throw uncounted(`it is signed by key ${first.keyid}`, first.keyid)
}

function openBy(sealed: Envelope, builders: readonly Builder[]) {
  const role = { keys: builders.map(({ key }) => key), threshold: 1 }
  const code = ({ code: why }: CodedError) =>
    why === 'trust/malformed' ? 'provenance/malformed' : 'provenance/unsigned'
  return orRefused(code, 'provenance', () => openEnvelope(sealed, payloadTypes.provenance, role))
}

function uncounted(fact: string, builder: string): EvidenceError {
  const message = `cannot trust provenance: ${fact}, and the publisher counts no such builder`
  return new EvidenceError('provenance/builder', message, { builder })
}

function refuseOtherRelease({ release, subjects }: Provenance, record: Described): void {
  const path = releasePath(record)
  const said: [what: string, found: string | undefined, expected: string][] = [
    ['release', release, path],
    ['tree', subjects.get(path), record.tree.digest],
    ['SBOM', subjects.get(`${path}#sbom`), record.sbom.digest],
  ]
  for (const [what, found = 'nothing', expected] of said) {
    if (found === expected) continue
    const message = `cannot trust provenance: its ${what} is ${found}, not ${expected}`
    throw new EvidenceError('provenance/mismatch', message, { what, found, expected })
  }
}
