import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Digest, digestOf } from '@steadfleet/base'
import type { Transport } from '@steadfleet/protocol'
import type { PublicKey, TrustPolicy } from '@steadfleet/trust'
import { ifThere } from '../disk/durable.ts'
import { ServerError, unknown } from '../error.ts'
import type { SignerClient } from '../signer-client.ts'
import { type Catalogue, openCatalogue } from './catalogue.ts'
import type { InForce } from './catalogue-folder.ts'
import { type FirstCatalogueFiles, putFirstFiles } from './first-catalogue.ts'
import { type Mirror, openMirror, putSource, type Source, tryMirror } from './mirror.ts'

/** A catalogue that this server serves, by the name that the owner's policy has for it. */
export interface Served {
  readonly name: string
  readonly folder: string
  /** Undefined for a mirror that has nothing yet. */
  inForce(): InForce | undefined
  /** Where publishers add to it here; absent for another party's. */
  readonly own?: Catalogue
  /** Absent for an own one. */
  readonly mirror?: Mirror
  /** The one that the server was made with. */
  readonly isFirst: boolean
}

export interface CataloguesOptions {
  /** The data directory: the first catalogue is in `catalogue/`, further ones in `catalogues/NAME/`. */
  readonly folder: string
  readonly first: Catalogue
  readonly signer: () => SignerClient
  readonly now: () => Date
  readonly transport: Transport
  readonly policy: () => TrustPolicy
}

/** Every catalogue that devices of this server follow: its own, and those of others, mirrored. */
export interface Catalogues {
  all(): readonly Served[]
  first(): Served
  /** The catalogue that a release was noted under: the empty name is the first one's. */
  noted(name: string): Served
  /** Errors: `catalogue/unknown`. */
  named(name: string): Served
  /** Errors: `catalogue/unknown`; `catalogue/mirrored` where it is another party's. */
  own(name: string): Catalogue
  /** Errors: `catalogue/exists`. */
  refuseTaken(name: string): void
  /** The online keys of a new catalogue, made once by the signer. */
  makeKeys(name: string): Promise<Readonly<Record<'snapshot' | 'timestamp', PublicKey>>>
  /** Puts a new catalogue of this server in force, whose offline roles are signed elsewhere. */
  make(name: string, files: FirstCatalogueFiles): Promise<Served>
  /** Follows another party's catalogue from now on, and brings it here for the first time. */
  follow(name: string, source: Source): Promise<Served>
}

export async function openCatalogues(options: CataloguesOptions): Promise<Catalogues> {
  const shelf = await openShelf(options)
  const { add, named, refuseTaken } = shelf
  return {
    ...shelf,
    noted: name => (name === '' ? shelf.first() : named(name)),
    own(name) {
      const { own } = named(name)
      if (own) return own
      const message = `cannot add to catalogue ${name}: it is another party’s`
      throw new ServerError('catalogue/mirrored', message, { catalogue: name })
    },
    async makeKeys(name) {
      const snapshot = await options.signer().makeKey(`snapshot@${name}`)
      return { snapshot, timestamp: await options.signer().makeKey(`timestamp@${name}`) }
    },
    async make(name, files) {
      refuseTaken(name)
      await putFirstFiles(placeOf(options, name), files)
      return add(name)
    },
    async follow(name, source) {
      if (!shelf.all().some(one => one.name === name && one.mirror)) refuseTaken(name)
      await tryMirror(placeOf(options, name), source)
      await putSource(placeOf(options, name), source)
      const served = await add(name)
      await served.mirror?.look()
      return served
    },
  }
}

interface Shelf extends Pick<Catalogues, 'all' | 'first' | 'named' | 'refuseTaken'> {
  /** Opens what lies in the folder of this name now. */
  add(name: string): Promise<Served>
}

async function openShelf(options: CataloguesOptions): Promise<Shelf> {
  const { first } = options
  const folder = join(options.folder, 'catalogue')
  const root = digestOf(await readFile(join(folder, '1.root.json')))
  const further = new Map<string, Served>()
  const add = async (name: string): Promise<Served> => {
    const served = await openOne(options, name)
    further.set(name, served)
    return served
  }
  for (const name of await foldersIn(join(options.folder, 'catalogues'))) await add(name)
  const ownFirst = (): Served => {
    const name = nameOf(root, options.policy())
    return { name, folder, inForce: first.inForce, own: first, isFirst: true }
  }
  const all = (): Served[] => [ownFirst(), ...further.values()]
  const find = (name: string): Served | undefined => all().find(one => one.name === name)
  return {
    all,
    add,
    first: ownFirst,
    named(name) {
      const found = find(name)
      if (found) return found
      throw unknown('catalogue/unknown', `catalogue ${name}`, { catalogue: name })
    },
    refuseTaken(name) {
      if (!find(name)) return
      const message = `cannot make catalogue ${name}: there is one of this name`
      throw new ServerError('catalogue/exists', message, { catalogue: name })
    },
  }
}

/** The first catalogue has the name by which the policy pins its root. */
export function nameOf(root: Digest, { catalogues }: TrustPolicy): string {
  // A policy that dropped it has no name for it; devices do not ask for it any more.
  return catalogues.find(one => one.root === root)?.name ?? 'first'
}

/** Where a further catalogue lies, and who signs and brings what is new in it. */
export interface Place extends Pick<CataloguesOptions, 'signer' | 'now' | 'transport'> {
  readonly name: string
  readonly folder: string
}

function placeOf({ folder, signer, now, transport }: CataloguesOptions, name: string): Place {
  return { name, folder: join(folder, 'catalogues', name), signer, now, transport }
}

async function openOne(options: CataloguesOptions, name: string): Promise<Served> {
  const place = placeOf(options, name)
  const { folder } = place
  if (existsSync(join(folder, 'source.json'))) {
    const mirror = await openMirror(place)
    return { name, folder, inForce: mirror.inForce, mirror, isFirst: false }
  }
  const own = await openCatalogue(place)
  return { name, folder, inForce: own.inForce, own, isFirst: false }
}

/** A folder of which neither is there is one whose making a crash cut short. */
async function foldersIn(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true })
  const names = (await ifThere(readdir(folder))) ?? []
  return names.filter(name =>
    ['timestamp.json', 'source.json'].some(file => existsSync(join(folder, name, file))),
  )
}
