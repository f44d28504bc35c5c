import { sealingKeyIn, sealSecret } from '@steadfleet/protocol'
import { call } from './api.ts'
import { localProblem } from './problem.ts'

/** Seals secrets to one device, in this browser: the server passes on what it cannot read. */
export function sealerFor(device: string, name: string) {
  return async (setting: string, secret: string): Promise<string> => {
    const found = await sealingKeyIn(device, await call('getSealingKey', { params: { device } }))
    if ('fault' in found) {
      const message = `cannot seal to the key that the server names: ${found.fault}`
      throw localProblem('dashboard/no-sealing-key', message)
    }
    const ephemeral = crypto.getRandomValues(new Uint8Array(32))
    const place = { device, package: name, setting, version: Date.now() }
    return sealSecret(place, found.key, ephemeral, secret)
  }
}
