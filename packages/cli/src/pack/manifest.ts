import { readFile } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { type Digest, digestOf, fromUtf8, isCoded } from '@steadfleet/base'
import { faultsInRequest, faultsTogether, interfaceNames } from '@steadfleet/confine'
import {
  effectiveSettings,
  faultsInManifest,
  type Manifest,
  parseManifestValue,
  SchemaError,
  type SchemaFault,
} from '@steadfleet/domain'
import { isErrno, PackError } from './error.ts'
import { unknownFindings } from './hygiene.ts'
import { ManifestError, type ManifestFault } from './manifest-error.ts'
import { readYaml } from './yaml.ts'

/** A manifest that was read and found without fault, and where it is. */
export interface DeclaredPackage {
  readonly manifest: Manifest
  /** The folder that its sources are relative to. */
  readonly home: string
  /** The name of its file. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly digest: Digest
}

/** Reads `steadfleet.yaml`, or tells every fault of it with line and column. */
export async function readManifest(path: string): Promise<DeclaredPackage> {
  const bytes = await readFile(path).catch(cause => {
    throw isErrno(cause, 'ENOENT') || isErrno(cause, 'EISDIR') ? missing(path, cause) : cause
  })
  return declare(bytes, basename(path), dirname(resolve(path)))
}

/** The package that the bytes of a manifest declare, its sources relative to `home`. */
export function declare(bytes: Uint8Array, name: string, home: string): DeclaredPackage {
  return { manifest: parseManifest(bytes, name), home, name, bytes, digest: digestOf(bytes) }
}

/** The manifest in the bytes of a file of this name. */
export function parseManifest(bytes: Uint8Array, name: string): Manifest {
  const yaml = readYaml(decode(bytes, name))
  const { manifest, faults } = check(yaml.value)
  // Where the text is no YAML, what was made out of it is not worth a word.
  const found = yaml.isBroken ? [] : faults.map(fault => yaml.locate(fault))
  const all = [...yaml.faults, ...found].sort(byPlace)
  if (manifest && all.length === 0) return manifest
  throw new ManifestError(name, all)
}

/** Two stages, since a manifest can contradict itself only once it is one. */
function check(value: unknown): { manifest?: Manifest; faults: readonly SchemaFault[] } {
  try {
    const manifest = parseManifestValue(value)
    return {
      manifest,
      faults: [
        ...faultsInManifest(manifest),
        ...unknownNames(value),
        ...faultsInRequests(manifest),
      ],
    }
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    return { faults: [...error.faults, ...unknownNames(value)] }
  }
}

function faultsInRequests({ interfaces = [], settings = {} }: Manifest): SchemaFault[] {
  const values = effectiveSettings(settings, {})
  const faults = [
    ...interfaces.flatMap((request, i) => under(`/${i}`, faultsInRequest(request, values))),
    ...faultsTogether(interfaces),
  ]
  return under('/interfaces', faults)
}

function under(place: string, faults: readonly SchemaFault[]): SchemaFault[] {
  return faults.map(fault => ({ ...fault, path: `${place}${fault.path}` }))
}

/** Looked for in the raw value, so that it is told with the others at once. */
function unknownNames(value: unknown): SchemaFault[] {
  return [...unknownInterfaces(value), ...unknownFindings(value)]
}

function unknownInterfaces(value: unknown): SchemaFault[] {
  const requests = membersOf(value).interfaces
  if (!Array.isArray(requests)) return []
  return requests.flatMap((request, i) => {
    const name = membersOf(request).interface
    if (typeof name !== 'string' || interfaceNames.some(known => known === name)) return []
    const message = `must be one of ${interfaceNames.join(', ')}`
    return [{ path: `/interfaces/${i}/interface`, message }]
  })
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return fromUtf8(bytes)
  } catch (cause) {
    if (!isCoded(cause)) throw cause
    const fault = { line: 1, column: 1, message: 'is not UTF-8' }
    throw new ManifestError(name, [fault])
  }
}

function byPlace(a: ManifestFault, b: ManifestFault): number {
  return a.line - b.line || a.column - b.column
}

function missing(path: string, cause: unknown): PackError {
  const message = `cannot find a manifest at ${path}`
  return new PackError('manifest/missing', message, { path }, { cause: cause })
}
