import type { Signer } from '@steadfleet/authority'
import { keyIdOf, type PublicKey } from '@steadfleet/trust'
import { ServerError } from '../error.ts'
import { isRefusal, type SignerClient } from '../signer-client.ts'

/** The log's key, which the signer process holds: it can be asked for checkpoints and nothing else. */
export function checkpointSigner(key: PublicKey, client: () => SignerClient): Signer {
  return {
    key,
    keyid: keyIdOf(key),
    async sign(text) {
      const answer = await client().sign('log', [text])
      if (!isRefusal(answer)) {
        const [signature] = answer
        if (signature) return signature.sig
      }
      const { code, message } = isRefusal(answer) ? answer : { code: '', message: 'no signature' }
      // It has signed more of this log than the files here show: they are of an earlier day.
      const isBehind = code === 'signer/not-rising' || code === 'signer/fork'
      throw new ServerError(isBehind ? 'log/behind' : 'signer/unavailable', message)
    },
  }
}
