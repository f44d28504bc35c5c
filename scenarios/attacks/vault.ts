import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Signer, signerFromPem } from '../../packages/authority/src/index.ts'
import { type Digest, toHexDigest } from '../../packages/base/src/index.ts'
import type { Home } from '../../packages/cli/src/fleet/home.ts'
import { parseMetadata } from '../../packages/trust/src/index.ts'

/**
 * All keys of a fleet, as they lie on the disk, and all files of its server. Which of them the
 * attacker has is for each scenario to say, by what it takes.
 */
export interface Vault {
  /** On the owner's and publishers' machines: never on the server. */
  readonly offline: {
    readonly root: readonly Signer[]
    readonly targets: readonly Signer[]
    readonly owner: readonly Signer[]
    readonly acme: Signer
    readonly bolt: Signer
  }
  /** In the server's own folder. */
  readonly online: Readonly<Record<'snapshot' | 'timestamp' | 'director', Signer>>
  readonly catalogue: string
  readonly objects: string
}

export function openVault({ directory }: Pick<Home, 'directory'>): Vault {
  const offline = (name: string) => keyIn(join(directory, 'offline'), name)
  const online = (name: string) => keyIn(join(directory, 'server/signer'), name)
  const three = (name: string) => [1, 2, 3].map(i => offline(`${name}-${i}`))
  return {
    offline: {
      root: three('catalogue-root'),
      targets: three('targets'),
      owner: three('owner'),
      acme: offline('publisher-acme'),
      bolt: offline('publisher-bolt'),
    },
    online: {
      snapshot: online('snapshot'),
      timestamp: online('timestamp'),
      director: online('director'),
    },
    catalogue: join(directory, 'server/catalogue'),
    objects: join(directory, 'server/objects'),
  }
}

function keyIn(folder: string, name: string): Signer {
  return signerFromPem(readFileSync(join(folder, `${name}.pem`), 'utf8'))
}

/** The files that the timestamp of a folder names, by role: what a client would see. */
function inForce({ catalogue }: Pick<Vault, 'catalogue'>): ReadonlyMap<string, Uint8Array> {
  const read = (file: string) => new Uint8Array(readFileSync(join(catalogue, file)))
  const timestamp = read('timestamp.json')
  const { version } = parseMetadata('timestamp', timestamp).signed.meta['snapshot.json']
  const snapshot = read(`${version}.snapshot.json`)
  const roles = [...parseMetadata('snapshot', snapshot).signed.meta].map(
    ([file, meta]) => [file.replace(/\.json$/, ''), read(`${meta.version}.${file}`)] as const,
  )
  return new Map([['timestamp', timestamp], ['snapshot', snapshot], ...roles])
}

/** The file of a role that is in force. */
export function roleIn(vault: Pick<Vault, 'catalogue'>, role: string): Uint8Array {
  const found = inForce(vault).get(role)
  if (found) return found
  throw new RangeError(`the catalogue has no ${role}`)
}

export function objectPath({ objects }: Pick<Vault, 'objects'>, digest: Digest): string {
  const hex = toHexDigest(digest)
  return join(objects, hex.slice(0, 2), hex)
}

/** The newest root that the server gives out. */
export function newestRoot({ catalogue }: Pick<Vault, 'catalogue'>): Uint8Array {
  const versions = readdirSync(catalogue).flatMap(
    name => /^(\d+)\.root\.json$/.exec(name)?.[1] ?? [],
  )
  const newest = Math.max(...versions.map(Number))
  return new Uint8Array(readFileSync(join(catalogue, `${newest}.root.json`)))
}
