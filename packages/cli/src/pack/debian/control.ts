import { type Digest, digestFromHex } from '@steadfleet/base'
import { isInRelation } from './version.ts'

/** A package of the archive, as its index describes it. */
export interface DebianPackage {
  readonly name: string
  readonly version: string
  readonly architecture: string
  readonly source: string
  readonly sourceVersion: string
  /** Of each group one alternative is needed. */
  readonly depends: readonly (readonly Relation[])[]
  readonly provides: readonly Relation[]
  readonly digest: Digest
  readonly size: number
}

/** A package name, and the versions of it that will do. */
export interface Relation {
  readonly name: string
  readonly relation?: string
  readonly version?: string
}

/** The packages of an index, in deb822 as `apt-cache show` prints it. */
export function parseIndex(text: string): DebianPackage[] {
  return text
    .split(/\n\n+/)
    .map(parseStanza)
    .flatMap(fields => toPackage(fields))
}

/** `a (>= 1) | b, c:any`: groups by comma, alternatives by bar. Debian Policy §7.1 */
export function parseRelations(text = ''): Relation[][] {
  return text
    .split(',')
    .map(group => group.split('|').flatMap(parseRelation))
    .filter(group => group.length > 0)
}

/** Whether this package is what the relation asks for, by its name or by what it provides. */
export function isSatisfiedBy(wanted: Relation, offered: DebianPackage): boolean {
  if (offered.name === wanted.name) return isVersionFine(wanted, offered.version)
  return offered.provides.some(
    ({ name, version }) => name === wanted.name && isVersionFine(wanted, version),
  )
}

/** Debian Policy §7.5: what is provided without a version satisfies no versioned relation. */
function isVersionFine(wanted: Relation, version: string | undefined): boolean {
  if (wanted.relation === undefined || wanted.version === undefined) return true
  return version !== undefined && isInRelation(version, wanted.relation, wanted.version)
}

const relationPattern =
  /^\s*([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>)\s*([^\s)]+)\s*\))?/

function parseRelation(text: string): Relation[] {
  const [, name, relation, version] = relationPattern.exec(text) ?? []
  if (name === undefined) return []
  if (relation === undefined || version === undefined) return [{ name }]
  return [{ name, relation, version }]
}

type Fields = Readonly<Record<string, string>>

/** Folded lines begin with a space; of those that matter here none is folded. */
function parseStanza(stanza: string): Fields {
  const lines = stanza.split('\n').map(line => /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line))
  return Object.fromEntries(
    lines.flatMap(match => (match ? [[match[1]?.toLowerCase(), match[2]]] : [])),
  )
}

/** What is installed on this machine is listed too, without a file: that is no use here. */
function toPackage(fields: Fields): DebianPackage[] {
  const { package: name, version, architecture, sha256, size } = fields
  if (!(name && version && architecture && sha256 && fields.filename)) return []
  const [, source = name, sourceVersion = version] =
    /^(\S+)(?:\s*\((.*)\))?$/.exec(fields.source ?? '') ?? []
  const depends = [...parseRelations(fields['pre-depends']), ...parseRelations(fields.depends)]
  return [
    {
      name,
      version,
      architecture,
      source,
      sourceVersion,
      depends,
      provides: parseRelations(fields.provides).flat(),
      digest: digestFromHex(sha256),
      size: Number(size),
    },
  ]
}
