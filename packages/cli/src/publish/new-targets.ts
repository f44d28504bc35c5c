import { type Draft, publisherOf, readSigned, type SignedTargets } from '@steadfleet/authority'
import { digestFromHex } from '@steadfleet/base'
import type { Target } from '@steadfleet/trust'

/** What a draft would have this publisher sign that is in force nowhere yet. */
export function newTargets(
  { documents, held }: Draft,
  publisher: string,
): Pick<Target, 'path' | 'digest' | 'length'>[] {
  const isOwn = (name: string): boolean => publisherOf(name) === publisher
  const before = [...held].filter(([name]) => isOwn(name.replace(/^role\//, '')))
  const known: SignedTargets['targets'] = Object.assign(
    {},
    ...before.map(([, file]) => readSigned('targets', file).targets),
  )
  return documents
    .filter(({ kind, name }) => kind === 'role' && isOwn(name))
    .flatMap(({ content }) => Object.entries((content as unknown as SignedTargets).targets))
    .filter(([path, { hashes }]) => known[path]?.hashes.sha256 !== hashes.sha256)
    .map(([path, { hashes, length }]) => ({ path, digest: digestFromHex(hashes.sha256), length }))
}
