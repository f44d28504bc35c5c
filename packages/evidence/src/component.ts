import type { Digest } from '@steadfleet/base'

/** A Debian package whose files are in a tree; `digest` is that of its .deb file. */
export interface DebianComponent {
  readonly kind: 'debian'
  readonly name: string
  readonly version: string
  readonly architecture: string
  /** The source package, which advisories name, and its version. */
  readonly source: string
  readonly sourceVersion: string
  /** Whose package it is, and of which release: `debian`, `bookworm`. */
  readonly vendor: string
  readonly distribution: string
  readonly digest: Digest
}

/** An npm package, as a lock file or its own package.json names it. */
export interface NpmComponent {
  readonly kind: 'npm'
  readonly name: string
  readonly version: string
  /** Subresource integrity of its archive, as lock files carry it: `sha512-…`. */
  readonly integrity?: string
  readonly license?: string
}

/** A file that belongs to no package that we know. */
export interface FileComponent {
  readonly kind: 'file'
  readonly path: string
  readonly digest: Digest
}

/** A part of what is inside a release. */
export type Component = DebianComponent | NpmComponent | FileComponent
export type ComponentKind = Component['kind']
export type ComponentOf<Kind extends ComponentKind> = Extract<Component, { kind: Kind }>
