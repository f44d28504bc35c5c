import { join } from 'node:path'
import { acceptPublication, makeSnapshot, makeTimestamp } from '@steadfleet/authority'
import {
  type Metadata,
  parseMetadata,
  type Root,
  refuseUnsigned,
  toSigningRole,
} from '@steadfleet/trust'
import { writeDurably } from '../disk/durable.ts'
import { ServerError } from '../error.ts'
import { putInForce } from './catalogue-folder.ts'
import type { Place } from './catalogues.ts'
import { signRising } from './sign-online.ts'

/** What the owner signs of a new catalogue: all of it but snapshot and timestamp. */
export interface FirstCatalogueFiles {
  readonly root: Uint8Array
  readonly targets: Uint8Array
  /** The first version of each publisher's role, by its name. */
  readonly roles: ReadonlyMap<string, Uint8Array>
}

/**
 * Puts the first files of a catalogue in its folder: each signed as the root says, and with it a first
 * snapshot and timestamp by the keys that the signer made for it. The timestamp comes last: without
 * it there is no catalogue.
 */
export async function putFirstFiles(place: Place, files: FirstCatalogueFiles): Promise<void> {
  refuseUnfit(place, files)
  try {
    // What the signer signs holds under this root from here on, or is not signed.
    await place.signer().offerRoot(files.root, place.name)
    await putSigned(place, files)
  } finally {
    await place.signer().look(place.name)
  }
}

async function putSigned(place: Place, files: FirstCatalogueFiles): Promise<void> {
  const now = place.now()
  const roles = new Map([['targets', files.targets], ...files.roles])
  const snapshot = await signRising(place, 'snapshot', makeSnapshot(1, roles, now))
  const timestamp = await signRising(place, 'timestamp', makeTimestamp(1, snapshot.bytes, now))
  await writeDurably(join(place.folder, '1.root.json'), files.root)
  const versioned = [...roles].map(([role, bytes]) => [`1.${role}.json`, bytes] as const)
  const all = [...versioned, [`${snapshot.version}.snapshot.json`, snapshot.bytes] as const]
  await putInForce(place.folder, new Map(all), timestamp.bytes)
}

function refuseUnfit({ name, now }: Place, { root, targets, roles }: FirstCatalogueFiles): void {
  const first = parseMetadata('root', root)
  const top = parseMetadata('targets', targets)
  refuseUnsigned('root', first, roleIn(first.signed, 'root'))
  refuseUnsigned('targets', top, roleIn(first.signed, 'targets'))
  refuseOtherFirst(name, first)
  refuseOtherFirst(name, top)
  for (const [role, bytes] of roles) {
    const offered = { publisher: role, held: new Map(), files: new Map([[role, bytes]]) }
    const accepted = acceptPublication({ delegator: top.signed, ...offered, now: now() })
    if (accepted.get(role)?.signed.targets.size !== 0) throw tooEarly(name, role)
  }
}

/** Releases come by publishing, where their content is looked at. */
function tooEarly(name: string, role: string): ServerError {
  const message = `cannot make catalogue ${name}: role ${role} has releases already`
  return new ServerError('release/missing-object', message, { catalogue: name, role })
}

function refuseOtherFirst(name: string, { signed }: Metadata<'root'> | Metadata<'targets'>): void {
  if (signed.version === 1) return
  const message = `cannot make catalogue ${name}: its first ${signed._type} is version ${signed.version}`
  throw new ServerError('trust/fast-forward', message, { catalogue: name })
}

function roleIn(root: Root, name: keyof Root['roles']): Parameters<typeof refuseUnsigned>[2] {
  return toSigningRole(root.keys, root.roles[name])
}
