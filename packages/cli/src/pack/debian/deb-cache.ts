import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isErrno, PackError } from '../error.ts'
import { hashFile } from '../hash.ts'
import { type InputStore, layInput } from '../inputs.ts'
import type { SourceContext } from '../source.ts'
import type { Archive } from './archive.ts'
import type { DebianPackage } from './control.ts'

/** So many at a time, so that a long download shows its progress. */
const batchLength = 6

/** Downloaded .deb files, by name, version and architecture; each is used only with its digest. */
export class DebCache {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  pathOf({ name, version, architecture }: DebianPackage): string {
    return join(this.folder, `${name}_${encodeURIComponent(version)}_${architecture}.deb`)
  }

  /**
   * Brings what is not here: out of archived inputs where the build is a repeated one, else by a
   * download; refuses what is not what the index or the lock says.
   */
  async fetch(
    packages: readonly DebianPackage[],
    { archive, onProgress, repeat }: Pick<SourceContext, 'archive' | 'onProgress' | 'repeat'>,
  ): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    const missing: DebianPackage[] = []
    for (const one of packages) {
      const isHere = (await this.#has(one)) || (await this.#take(one, repeat?.inputs))
      if (!isHere) missing.push(one)
    }
    for (let at = 0; at < missing.length; at += batchLength) {
      const batch = missing.slice(at, at + batchLength)
      const what = batch.map(({ name }) => name).join(', ')
      onProgress({ step: 'download', what, done: at, total: missing.length })
      await this.#download(batch, archive)
    }
  }

  async #has(one: DebianPackage): Promise<boolean> {
    const path = this.pathOf(one)
    const found = await stat(path).catch(fault => {
      if (isErrno(fault, 'ENOENT')) return undefined
      throw fault
    })
    if (!found) return false
    return (await hashFile(Buffer.from(path))).digest === one.digest
  }

  async #take(one: DebianPackage, inputs: InputStore | undefined): Promise<boolean> {
    const path = await inputs?.find(one.digest)
    if (path === undefined) return false
    await layInput(path, this.pathOf(one))
    return true
  }

  async #download(batch: readonly DebianPackage[], archive: Archive): Promise<void> {
    const folder = await mkdtemp(join(this.folder, 'incoming-'))
    try {
      await archive.download(batch, folder)
      const files = await readdir(folder)
      const arrived = await Promise.all(
        files.map(async file => {
          const path = join(folder, file)
          return [(await hashFile(Buffer.from(path))).digest as string, path] as const
        }),
      )
      await this.#keep(batch, new Map(arrived))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  async #keep(
    batch: readonly DebianPackage[],
    arrived: ReadonlyMap<string, string>,
  ): Promise<void> {
    for (const one of batch) {
      const path = arrived.get(one.digest)
      if (path === undefined) throw otherDigest(one, arrived)
      await rename(path, this.pathOf(one))
    }
  }
}

function otherDigest(
  { name, version, digest }: DebianPackage,
  arrived: ReadonlyMap<string, string>,
): PackError {
  // apt names the files NAME_VERSION_ARCHITECTURE.deb.
  const came = [...arrived].find(([, path]) => basename(path).startsWith(`${name}_`))
  const found = came?.[0] ?? 'nothing'
  const message = `cannot take ${name} ${version}: what came is ${found}, not ${digest}`
  return new PackError('debian/digest', message, { package: name, version, digest, found })
}
