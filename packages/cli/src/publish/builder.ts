import { type Signer, signPayload, toEnvelopeBytes } from '@steadfleet/authority'
import { payloadTypes } from '@steadfleet/trust'
import type { PackOptions } from '../pack/index.ts'

/** What packs, as its provenance names it where the caller names no other. */
export const builder = { id: 'https://steadfleet.dev/cli', version: '0.1.0' } as const

/** How a builder is named, and how it seals what it says. */
export type Builder = Pick<PackOptions, 'builder' | 'sign'>

/** A builder of this id that signs with this key; without one nobody signs. */
export function makeBuilder(id: string | undefined, key: Signer | undefined): Builder {
  return {
    builder: { ...builder, ...(id !== undefined && { id }) },
    ...(key && { sign: statement => seal(statement, key) }),
  }
}

async function seal(statement: Uint8Array, key: Signer): Promise<Uint8Array> {
  return toEnvelopeBytes(await signPayload(payloadTypes.provenance, statement, [key]))
}
