import { hasDefaultPassword, isDefaultPair } from './default-passwords.ts'
import type { Finding } from './rules.ts'

const crypted =
  /\$(?:1|5|6|2[abxy]|y|7|gy|apr1|argon2(?:id|i|d))\$(?:[A-Za-z0-9.,=]{1,40}\$){0,3}[A-Za-z0-9./+=]{20,}/g
const shadowFile = /(^|\/)(g?shadow|passwd|group|\.?htpasswd)(-|\.bak|\.orig)?$/
/** `root:x:0:…` and `daemon:*:…`: the hash is elsewhere, or there is none. */
const noHash = /^(x|\*|!+\*?|\*LK\*|\*NP\*|NP)$/

type Trace = Pick<Finding, 'rule' | 'words'>

/** Hashes of passwords in a text file; the kinds and users, never a hash. */
export function passwordHashesIn(path: string, text: string): Trace[] {
  if (shadowFile.test(path)) return text.split('\n').flatMap(line => entry(path, line))
  const kinds = [...text.matchAll(crypted)].map(([hash]) => hash.slice(0, hash.indexOf('$', 1) + 1))
  return [...new Set(kinds)].map(kind => ({
    rule: 'password-hash',
    words: `holds a hash of a password (${kind})`,
  }))
}

function entry(path: string, line: string): Trace[] {
  const [user = '', hash] = line.trimEnd().split(':')
  if (user === '' || user.startsWith('#') || hash === undefined) return []
  const isGroup = /(^|\/)(gshadow|group)(-|\.bak|\.orig)?$/.test(path)
  if (hash === '') return isGroup ? [] : [withoutPassword(user)]
  if (noHash.test(hash)) return []
  if (hasDefaultPassword(user, hash)) {
    const words = `gives ${user} a password that worms try`
    return [{ rule: 'default-password', words }]
  }
  return [{ rule: 'password-hash', words: `holds the hash of ${user}’s password` }]
}

function withoutPassword(user: string): Trace {
  const isTried = isDefaultPair(user, '')
  const words = `lets ${user} in without a password${isTried ? ', which worms try' : ''}`
  return { rule: 'default-password', words }
}
