/**
 * HPKE (RFC 9180) in base mode, one message a key: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. Over
 * WebCrypto alone, so that the same file seals in a browser and opens on a device.
 */

type Bytes = Uint8Array<ArrayBuffer>

/** What a message is bound to besides its recipient: it opens with the very same, or not at all. */
export interface Binding {
  readonly info: Uint8Array
  readonly aad: Uint8Array
}

const keyLength = 32
const utf8 = (text: string): Bytes => new TextEncoder().encode(text) as Bytes
/** RFC 9180 §7.1, §7.2, §7.3: the numbers of the algorithms. */
const kemSuite = join(utf8('KEM'), number(0x0020))
const suite = join(utf8('HPKE'), number(0x0020), number(0x0001), number(0x0001))

/** `enc` and ciphertext for the holder of `recipient`; `ephemeral` are 32 random bytes, used once. §6.1 */
export async function sealTo(
  recipient: Uint8Array,
  ephemeral: Uint8Array,
  { info, aad }: Binding,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const own = await privateKey(ephemeral)
  const enc = await publicKeyOf(own)
  const shared = await sharedSecret(own, recipient, join(enc, recipient))
  const { key, nonce } = await keySchedule(shared, info)
  const sealed = await crypto.subtle.encrypt(gcm(nonce, aad), key, copy(plaintext))
  return join(enc, new Uint8Array(sealed))
}

/** The plaintext, or undefined where it was not sealed to this key and this binding. Never throws for that. */
export async function openSealed(
  recipient: Uint8Array,
  { info, aad }: Binding,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  const own = await privateKey(recipient)
  const enc = sealed.subarray(0, keyLength)
  const context = join(enc, await publicKeyOf(own))
  try {
    const { key, nonce } = await keySchedule(await sharedSecret(own, enc, context), info)
    const rest = copy(sealed.subarray(keyLength))
    return new Uint8Array(await crypto.subtle.decrypt(gcm(nonce, aad), key, rest))
  } catch (error) {
    // WebCrypto has no other word for a wrong tag, a short message or a key of small order.
    if (error instanceof DOMException) return undefined
    throw error
  }
}

const gcm = (nonce: Bytes, aad: Uint8Array) => {
  return { name: 'AES-GCM', iv: nonce, additionalData: copy(aad) }
}

/** ExtractAndExpand over the Diffie-Hellman value. §4.1; one of zeros is refused by WebCrypto. §7.1.4 */
async function sharedSecret(own: CryptoKey, other: Uint8Array, context: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey('raw', copy(other), 'X25519', false, [])
  const dh = await crypto.subtle.deriveBits({ name: 'X25519', public: key }, own, keyLength * 8)
  const prk = await extract(kemSuite, utf8(''), 'eae_prk', new Uint8Array(dh))
  return expand(kemSuite, prk, 'shared_secret', context, keyLength)
}

/** KeySchedule in base mode, for the first message and no other. §5.1 */
async function keySchedule(
  shared: Bytes,
  info: Uint8Array,
): Promise<{ readonly key: CryptoKey; readonly nonce: Bytes }> {
  const none = utf8('')
  const pskId = await extract(suite, none, 'psk_id_hash', none)
  const context = join(new Uint8Array([0]), pskId, await extract(suite, none, 'info_hash', info))
  const secret = await extract(suite, shared, 'secret', none)
  const raw = await expand(suite, secret, 'key', context, 16)
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
  return { key, nonce: await expand(suite, secret, 'base_nonce', context, 12) }
}

/** LabeledExtract. §4 */
function extract(id: Bytes, salt: Bytes, label: string, material: Uint8Array): Promise<Bytes> {
  return hmac(salt, join(utf8('HPKE-v1'), id, utf8(label), material))
}

/** LabeledExpand of at most one block. §4; RFC 5869 §2.3 */
async function expand(
  id: Bytes,
  prk: Bytes,
  label: string,
  info: Bytes,
  length: number,
): Promise<Bytes> {
  const labelled = join(number(length), utf8('HPKE-v1'), id, utf8(label), info)
  return (await hmac(prk, join(labelled, new Uint8Array([1])))).slice(0, length)
}

async function hmac(key: Bytes, message: Bytes): Promise<Bytes> {
  // A key of zeros is the empty one, which WebCrypto does not take. RFC 2104 §2
  const raw = key.length === 0 ? new Uint8Array(keyLength) : key
  const usable = await crypto.subtle.importKey(
    'raw',
    raw,
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  return new Uint8Array(await crypto.subtle.sign('HMAC', usable, message))
}

/** The fixed DER prefix of an X25519 PKCS #8 key; its 32 bytes follow. RFC 8410 §7 */
const prefix = Uint8Array.fromHex('302e020100300506032b656e04220420')

function privateKey(raw: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey('pkcs8', join(prefix, raw), 'X25519', true, ['deriveBits'])
}

async function publicKeyOf(key: CryptoKey): Promise<Bytes> {
  const { x } = await crypto.subtle.exportKey('jwk', key)
  return copy(Uint8Array.fromBase64(x ?? '', { alphabet: 'base64url' }))
}

/** The raw public key of a raw private one. */
export async function sealingKeyOf(raw: Uint8Array): Promise<Uint8Array> {
  return publicKeyOf(await privateKey(raw))
}

function number(value: number): Bytes {
  return new Uint8Array([value >> 8, value & 255])
}

function copy(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes)
}

function join(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
