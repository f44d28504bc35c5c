import type { EnvelopeView } from '@steadfleet/protocol'
import type { Envelope } from '@steadfleet/trust'

/** An envelope as the wire carries it: the three members that DSSE names. */
export function toEnvelopeView({ payloadType, payload, signatures }: Envelope): EnvelopeView {
  return {
    payloadType,
    payload,
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig })),
  }
}
