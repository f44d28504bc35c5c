import { createHash } from 'node:crypto'
import { type Digest, digestFromHex } from '@steadfleet/base'
import { TrustError } from './error.ts'
import { matching, optional, record, type Shaped } from './shape.ts'

/** The digests of one file by algorithm; those of other algorithms say nothing here. TUF §4.2 */
export const hashes = record({
  sha256: optional(matching<string>(/^[0-9a-f]{64}$/, '64 hexadecimal digits')),
  sha512: optional(matching<string>(/^[0-9a-f]{128}$/, '128 hexadecimal digits')),
})
export type Hashes = Shaped<typeof hashes>

const algorithms = ['sha256', 'sha512'] as const satisfies readonly (keyof Hashes)[]

/** The digest by which Steadfleet names content; what has no SHA-256 cannot be named by it. */
export function digestIn(hashes: Hashes, what: string): Digest {
  if (hashes.sha256 !== undefined) return digestFromHex(hashes.sha256)
  throw new TrustError('trust/malformed', `cannot read ${what}: no sha256 digest`, { what })
}

/** Refuses bytes that any of the digests contradicts, or that none can vouch for. TUF §5.5.2, §5.6.2, §5.7.3 */
export function refuseOtherHash(what: string, hashes: Hashes, bytes: Uint8Array): void {
  const known = algorithms.flatMap(name => {
    const expected = hashes[name]
    return expected === undefined ? [] : [{ name, expected }]
  })
  if (known.length === 0) {
    const message = `cannot trust ${what}: no digest of an algorithm known here`
    throw new TrustError('trust/malformed', message, { what })
  }
  for (const { name, expected } of known) {
    const found = createHash(name).update(bytes).digest('hex')
    if (found === expected) continue
    const message = `cannot trust ${what}: ${name} ${found}, not ${expected}`
    throw new TrustError('trust/mismatch', message, { what, expected, found })
  }
}
