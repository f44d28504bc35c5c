import { createPrivateKey } from 'node:crypto'

const armour =
  /^-----BEGIN ((?:RSA |DSA |EC |ENCRYPTED |OPENSSH )?PRIVATE KEY|PGP PRIVATE KEY BLOCK)-----([^-]+(?:-{1,4}[^-]+){0,40}?)-----END \1-----/
const begin = '-----BEGIN '
const longestKey = 40_000
const mostBegins = 1000
/** A key of 256 bits is 64 characters and more; a template or a name in a program has fewer. */
const fewest = 64
const longestDer = 16 * 1024

/** What private keys stand in a file, in words. Never the key. */
export function privateKeysIn(bytes: Buffer): string[] {
  return [...armoured(bytes), ...derKeys(bytes)]
}

function armoured(bytes: Buffer): string[] {
  if (bytes.includes('PuTTY-User-Key-File-')) return ['a private key of PuTTY']
  const kinds = new Set<string>()
  let at = bytes.indexOf(begin)
  for (let seen = 0; at >= 0 && seen < mostBegins; seen += 1) {
    const [, kind = '', body = ''] =
      armour.exec(bytes.toString('latin1', at, at + longestKey)) ?? []
    if (hasBody(body)) kinds.add(kind)
    at = bytes.indexOf(begin, at + begin.length)
  }
  return [...kinds].map(kind => `a private key (${kind})`)
}

/** As it stands in a file, or as a text of a program: with quotes, pluses and written line ends. */
function hasBody(body: string): boolean {
  const joined = body.replace(/(["'`])\s*\+\s*\1/g, '')
  const letters = joined.replace(/\\[nr]|[\s"'`,\\]/g, '')
  return (/[A-Za-z0-9/+=]{64,}/.exec(letters)?.[0].length ?? 0) >= fewest
}

const derTypes = ['pkcs8', 'pkcs1', 'sec1'] as const

function derKeys(bytes: Buffer): string[] {
  // A SEQUENCE with a length of two bytes or fewer. X.690, clause 8.1
  const isSequence = bytes[0] === 0x30 && bytes.length > 30 && bytes.length <= longestDer
  if (!isSequence) return []
  const type = derTypes.find(one => isKey(bytes, one))
  return type === undefined ? [] : [`a private key (DER, ${type.toUpperCase()})`]
}

function isKey(key: Buffer, type: (typeof derTypes)[number]): boolean {
  try {
    return createPrivateKey({ key, format: 'der', type }).type === 'private'
  } catch {
    // Not of this kind: the next is tried.
    return false
  }
}
