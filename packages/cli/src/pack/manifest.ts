import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { type Digest, digestOf, fromUtf8 } from '@steadfleet/base'
import { type Manifest, parseManifestValue } from '@steadfleet/domain'
import { parse } from 'yaml'

export interface DeclaredPackage {
  readonly manifest: Manifest
  readonly home: string
  readonly name: string
  readonly digest: Digest
}

export async function readManifest(path: string): Promise<DeclaredPackage> {
  const bytes = await readFile(path)
  const manifest = parseManifestValue(parse(fromUtf8(bytes)))
  return { manifest, home: dirname(resolve(path)), name: basename(path), digest: digestOf(bytes) }
}
