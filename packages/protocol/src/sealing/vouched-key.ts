/** What a server says of the key to which secrets of a device are sealed: it is believed for its signature. */
export interface VouchedKey {
  /** Raw Ed25519 key by which the device is known, lower-case hexadecimal. */
  readonly publicKey: string
  /** A state report of the device that names its sealing key, as DSSE. */
  readonly report: {
    readonly payloadType: string
    readonly payload: string
    readonly signatures: readonly { readonly keyid: string; readonly sig: string }[]
  }
}

/**
 * The raw sealing key of a device, or why it may not be used: the id of a device is made of its key, and that key
 * has signed the report. So whoever knows the id needs to trust nobody who passes the key on.
 */
export async function sealingKeyIn(device: string, said: VouchedKey): Promise<Found> {
  try {
    return await verified(device, said)
  } catch (error) {
    // What base64, JSON and WebCrypto say of what is none.
    if (!(error instanceof SyntaxError || error instanceof DOMException)) throw error
    return { fault: 'it is malformed' }
  }
}

type Found = { readonly key: Uint8Array } | { readonly fault: string }

async function verified(device: string, { publicKey, report }: VouchedKey): Promise<Found> {
  const raw = new Uint8Array(Uint8Array.fromHex(publicKey))
  if ((await deviceIdFor(raw)) !== device) return { fault: 'the key is another device’s' }
  if (report.payloadType !== reportType) return { fault: 'it is no state report' }
  const payload = new Uint8Array(Uint8Array.fromBase64(report.payload))
  const key = await crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify'])
  const signed = signedBytes(payload)
  const checks = report.signatures.map(({ sig }) =>
    crypto.subtle.verify('Ed25519', key, new Uint8Array(Uint8Array.fromBase64(sig)), signed),
  )
  if (!(await Promise.all(checks)).includes(true)) return { fault: 'the device did not sign it' }
  const said: unknown = JSON.parse(new TextDecoder().decode(payload))
  const sealing = Object.assign({ device: '', sealingKey: '' }, said)
  if (sealing.device !== device) return { fault: 'it is of another device' }
  if (!/^[0-9a-f]{64}$/.test(sealing.sealingKey)) {
    return { fault: 'its agent has no sealing key yet; newer ones have' }
  }
  return { key: Uint8Array.fromHex(sealing.sealingKey) }
}

const reportType = 'application/vnd.steadfleet.report+json'

/** DSSE's pre-authentication encoding. */
function signedBytes(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = `DSSEv1 ${reportType.length} ${reportType} ${payload.length} `
  const bytes = new TextEncoder().encode(head)
  const whole = new Uint8Array(bytes.length + payload.length)
  whole.set(bytes)
  whole.set(payload, bytes.length)
  return whole
}

const base32hex = '0123456789abcdefghijklmnopqrstuv'

/** The id of the device with this key, as `deviceIdOf` of the glossary makes it, where there is only WebCrypto. */
async function deviceIdFor(publicKey: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new DataView(await crypto.subtle.digest('SHA-256', publicKey))
  const letters = Array.from({ length: 20 }, (_, i) => {
    const pair = hash.getUint16(Math.floor((i * 5) / 8))
    return base32hex[(pair >> (11 - ((i * 5) % 8))) & 31]
  })
  return `dev_${letters.join('')}`
}
