import { Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library'
import { type Digest, toHex, toHexDigest, toUtf8 } from '@steadfleet/base'
import type { Component, ComponentKind, ComponentOf } from './component.ts'
import { debianUrl, npmUrl, releaseUrl } from './purl.ts'

/** What an SBOM describes: one release, named by its tree. */
export interface SbomSubject {
  readonly package: string
  readonly version: string
  readonly revision: number
  readonly architecture: string
  readonly tree: Digest
  /** When the sources were made, where that is known; the present time would spoil reproduction. */
  readonly timestamp?: Date
}

/**
 * The CycloneDX 1.6 document of a release, as bytes. The same subject and components give the same
 * bytes, in whatever order they come: its serial number is derived from the tree's digest.
 */
export function makeSbom(subject: SbomSubject, components: readonly Component[]): Uint8Array {
  const root = rootComponent(subject)
  const bom = new Models.Bom({
    serialNumber: serialNumberOf(subject.tree),
    metadata: new Models.Metadata({ component: root }),
  })
  if (subject.timestamp) bom.metadata.timestamp = subject.timestamp
  for (const component of distinct(components)) {
    bom.components.add(component)
    root.dependencies.add(component.bomRef)
  }
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6)
  const text = new Serialize.JsonSerializer(factory).serialize(bom, { sortLists: true, space: 1 })
  return toUtf8(`${text}\n`)
}

function rootComponent(subject: SbomSubject): Models.Component {
  const { package: name, version, architecture, revision, tree } = subject
  const [publisher, label = name] = name.split('/')
  const root = new Models.Component(Enums.ComponentType.Application, label, {
    bomRef: `${name}/${revision}/${architecture}`,
    ...(publisher === undefined ? {} : { group: publisher }),
    version,
    purl: releaseUrl(name, version, architecture),
  })
  root.hashes.set(Enums.HashAlgorithm['SHA-256'], toHexDigest(tree))
  root.properties.add(new Models.Property('steadfleet:revision', String(revision)))
  return root
}

type Rendering = { readonly [Kind in ComponentKind]: (it: ComponentOf<Kind>) => Models.Component }

const renderings: Rendering = {
  debian: component => {
    const purl = debianUrl(component)
    const { name, version, digest, source, sourceVersion } = component
    const rendered = library(name, { bomRef: purl, purl, version })
    rendered.hashes.set(Enums.HashAlgorithm['SHA-256'], toHexDigest(digest))
    rendered.properties.add(new Models.Property('steadfleet:debian:source', source))
    rendered.properties.add(new Models.Property('steadfleet:debian:source-version', sourceVersion))
    return rendered
  },
  npm: component => {
    const purl = npmUrl(component)
    const slash = component.name.indexOf('/')
    const group = slash < 0 ? {} : { group: component.name.slice(0, slash) }
    const name = component.name.slice(slash + 1)
    const rendered = library(name, { bomRef: purl, purl, version: component.version, ...group })
    addIntegrity(rendered, component.integrity)
    if (component.license) rendered.licenses.add(new Models.NamedLicense(component.license))
    return rendered
  },
  file: ({ path, digest }) => {
    const rendered = new Models.Component(Enums.ComponentType.File, path, {
      bomRef: `file:${path}`,
    })
    rendered.hashes.set(Enums.HashAlgorithm['SHA-256'], toHexDigest(digest))
    return rendered
  },
}

function library(name: string, options: Models.OptionalComponentProperties): Models.Component {
  return new Models.Component(Enums.ComponentType.Library, name, options)
}

function render<Kind extends ComponentKind>(component: ComponentOf<Kind>): Models.Component {
  const kind: Kind = component.kind as Kind
  return renderings[kind](component)
}

/** A package that two sources bring stands once: bom-ref must be unique. CycloneDX 1.6, bom-ref */
function distinct(components: readonly Component[]): Iterable<Models.Component> {
  const rendered = components.map(component => render(component))
  return new Map(rendered.map(component => [component.bomRef.value, component])).values()
}

const integrityAlgorithms: Readonly<Record<string, Enums.HashAlgorithm>> = {
  sha512: Enums.HashAlgorithm['SHA-512'],
  sha384: Enums.HashAlgorithm['SHA-384'],
  sha256: Enums.HashAlgorithm['SHA-256'],
  sha1: Enums.HashAlgorithm['SHA-1'],
}

/** Subresource Integrity §3.5: algorithm, dash, base64; several may stand, separated by spaces. */
function addIntegrity(component: Models.Component, integrity = ''): void {
  for (const one of integrity.split(/\s+/)) {
    const [name = '', base64 = ''] = one.split(/-(.*)/s)
    const algorithm = Object.hasOwn(integrityAlgorithms, name)
      ? integrityAlgorithms[name]
      : undefined
    if (algorithm) component.hashes.set(algorithm, toHex(Buffer.from(base64, 'base64')))
  }
}

/** A UUID of version 8 (RFC 9562 §5.8) out of the tree's digest: unique to the tree, and no chance in it. */
function serialNumberOf(tree: Digest): string {
  const hex = toHexDigest(tree)
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16)
  const parts = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ]
  return `urn:uuid:${parts.join('-')}`
}
