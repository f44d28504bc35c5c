import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOf } from '@steadfleet/base'
import { readInForce } from '../catalogue/catalogue-folder.ts'
import { type Catalogues, nameOf, type Served } from '../catalogue/catalogues.ts'
import { ifThere } from '../disk/durable.ts'
import { type Owner, readOwner } from '../owner.ts'

/** The signed files of a data directory, as a process reads them that may write none of them. */
export interface ReadFiles extends Disposable {
  readonly owner: Owner
  readonly catalogues: Pick<Catalogues, 'all'>
  /** Reads what has changed since. What is being written just now stays as it was. */
  look(): Promise<void>
}

const lookMs = 1000

export async function openFiles(folder: string): Promise<ReadFiles> {
  let stamp = await stampOf(folder)
  let [owner, served] = await readAll(folder)
  const look = async (): Promise<void> => {
    const now = await stampOf(folder)
    if (now === stamp) return
    const read = await readAll(folder).catch(() => undefined)
    if (!read) return
    stamp = now
    ;[owner, served] = read
  }
  const timer = setInterval(() => void look().catch(() => undefined), lookMs).unref()
  return {
    owner: following(() => owner),
    catalogues: { all: () => served },
    look,
    [Symbol.dispose]: () => clearInterval(timer),
  }
}

async function readAll(folder: string): Promise<[Owner, Served[]]> {
  const owner = await readOwner(join(folder, 'owner'))
  const first = join(folder, 'catalogue')
  const root = digestOf(await readFile(join(first, '1.root.json')))
  const served = [await servedIn(first, nameOf(root, owner.policy().signed), true)]
  for (const name of await furtherIn(folder)) {
    served.push(await servedIn(join(folder, 'catalogues', name), name, false))
  }
  return [owner, served]
}

async function servedIn(folder: string, name: string, isFirst: boolean): Promise<Served> {
  const inForce = await ifThere(readInForce(folder, isFirst ? 'refused' : 'skipped'))
  return { name, folder, inForce: () => inForce, isFirst }
}

async function furtherIn(folder: string): Promise<string[]> {
  return (await ifThere(readdir(join(folder, 'catalogues')))) ?? []
}

/** Every write ends in a rename, which its folder's time shows. */
async function stampOf(folder: string): Promise<string> {
  const further = await furtherIn(folder)
  const folders = ['owner', 'catalogue', ...further.map(name => join('catalogues', name))]
  const times = await Promise.all(
    folders.map(async name => (await stat(join(folder, name), { bigint: true })).mtimeNs),
  )
  return [...folders, ...times].join()
}

/** An object whose members are those of the newest one. */
function following<T extends object>(newest: () => T): T {
  return new Proxy(newest(), { get: (_, name) => Reflect.get(newest(), name) })
}
