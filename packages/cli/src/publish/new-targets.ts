import { type Draft, readSigned } from '@steadfleet/authority'
import { digestFromHex } from '@steadfleet/base'
import type { Target } from '@steadfleet/trust'

/** What a draft would have this publisher sign that its role in force does not name. */
export function newTargets(
  { documents, held }: Draft,
  publisher: string,
): Pick<Target, 'path' | 'digest' | 'length'>[] {
  const document = documents.find(({ kind, name }) => kind === 'role' && name === publisher)
  if (!document) return []
  const before = held.get(`role/${publisher}`)
  const known = before ? readSigned('targets', before).targets : {}
  const { targets } = document.content as unknown as ReturnType<typeof readSigned<'targets'>>
  return Object.entries(targets)
    .filter(([path, { hashes }]) => known[path]?.hashes.sha256 !== hashes.sha256)
    .map(([path, { hashes, length }]) => ({ path, digest: digestFromHex(hashes.sha256), length }))
}
