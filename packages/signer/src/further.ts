import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Signer, signerFromPem, toPkcs8Pem } from '@steadfleet/authority'
import { SignerError } from './error.ts'

/** An online role of a further catalogue, as it is asked for: `snapshot@NAME`, `timestamp@NAME`. */
export interface FurtherRole {
  readonly role: 'snapshot' | 'timestamp'
  readonly catalogue: string
}

/** More catalogues than this are nobody's: a web process that was taken over can't fill the disk with keys. */
const mostCatalogues = 100

/** Reads `ROLE@NAME`; undefined for whatever is no role of a further catalogue. */
export function parseFurtherRole(text: string): FurtherRole | undefined {
  const [, role, catalogue] = /^(snapshot|timestamp)@([a-z][a-z0-9-]{0,39})$/.exec(text) ?? []
  if (catalogue === undefined) return undefined
  return { role: role === 'snapshot' ? 'snapshot' : 'timestamp', catalogue }
}

/** The floor of such a role: no other catalogue's number raises it. */
export function furtherFloor({ role, catalogue }: FurtherRole): string {
  return `${role}@${catalogue}`
}

/**
 * Keys of further catalogues, `catalogues/NAME/ROLE.pem` in the folder of keys. They are made here and never
 * leave; until a root that was signed offline names one, its signatures are nothing to anybody.
 */
export interface FurtherKeys {
  /** Errors: `signer/unknown-role` where no key was made. */
  signerOf(role: FurtherRole): Promise<Signer>
  /** The key of a role, made where there is none. */
  make(role: FurtherRole): Promise<Signer>
}

export function openFurtherKeys(keys: string): FurtherKeys {
  const folder = join(keys, 'catalogues')
  const fileOf = ({ catalogue, role }: FurtherRole) => join(folder, catalogue, `${role}.pem`)
  return {
    async signerOf(role) {
      const held = await readKey(fileOf(role))
      if (held) return held
      const message = `cannot sign for ${furtherFloor(role)}: no such key here`
      throw new SignerError('signer/unknown-role', message)
    },
    async make(role) {
      const held = await readKey(fileOf(role))
      if (held) return held
      await refuseTooMany(folder, role.catalogue)
      // One by one, and opened to its owner by hand: the process masks what it makes.
      for (const path of [folder, join(folder, role.catalogue)]) {
        await mkdir(path, { recursive: true })
        await chmod(path, 0o700)
      }
      return makeKey(fileOf(role))
    },
  }
}

async function refuseTooMany(folder: string, catalogue: string): Promise<void> {
  const names = (await ifThere(readdir(folder))) ?? []
  if (names.includes(catalogue) || names.length < mostCatalogues) return
  const message = `cannot make keys for catalogue ${catalogue}: there are ${mostCatalogues} already`
  throw new SignerError('signer/key', message, { catalogue })
}

async function readKey(path: string): Promise<Signer | undefined> {
  const found = await ifThere(stat(path))
  if (!found) return undefined
  if ((found.mode & 0o077) !== 0) {
    throw new SignerError('signer/key', `cannot use ${path}: others may read it (want mode 0600)`)
  }
  return signerFromPem(await readFile(path, 'utf8'))
}

/** Written whole under another name first: a crash leaves no half of a key. */
async function makeKey(path: string): Promise<Signer> {
  const pem = toPkcs8Pem(new Uint8Array(randomBytes(32)))
  await writeFile(`${path}.new`, pem, { mode: 0o600, flush: true })
  await rename(`${path}.new`, path)
  const folder = await open(join(path, '..'))
  await folder.sync()
  await folder.close()
  return signerFromPem(pem)
}

async function ifThere<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw cause
  }
}
