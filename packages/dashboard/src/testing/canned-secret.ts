import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { fromBase64Url, toHex, toUtf8 } from '@steadfleet/base'
import { deviceIdOf } from '@steadfleet/domain'
import { sealingKeyOf, type VouchedKey } from '@steadfleet/protocol'

const reportType = 'application/vnd.steadfleet.report+json'
const der = Buffer.from(`302e020100300506032b657004220420${'11'.repeat(32)}`, 'hex')
const identity = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
const raw = fromBase64Url(createPublicKey(identity).export({ format: 'jwk' }).x ?? '')

/** A device with real keys: its id is made of one, and it vouches for the other. */
export const rose = deviceIdOf(raw)
export const sealingKey = new Uint8Array(32).fill(9)

/** What a server passes on of it, or puts in its place. */
export async function vouchedKey(key: Uint8Array, isForged = false): Promise<VouchedKey> {
  const document = { type: 'report', device: rose, sealingKey: toHex(await sealingKeyOf(key)) }
  const payload = toUtf8(JSON.stringify(document))
  const head = toUtf8(`DSSEv1 ${reportType.length} ${reportType} ${payload.length} `)
  const signed = sign(null, Buffer.concat([head, isForged ? toUtf8('other') : payload]), identity)
  return {
    publicKey: toHex(raw),
    report: {
      payloadType: reportType,
      payload: Buffer.from(payload).toString('base64'),
      signatures: [{ keyid: rose, sig: signed.toString('base64') }],
    },
  }
}
