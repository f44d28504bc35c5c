import { fromUtf8, isCoded, isJsonObject, type Json, parseStrictJson } from '@steadfleet/base'
import type { Home } from '../fleet/home.ts'

/** What a monitor says of one leaf. */
export interface Finding {
  readonly index: number
  /**
   * `own`: a release that this machine signed; `foreign`: one under its publisher's name that it did not;
   * `other`: nothing of this publisher's; `unreadable`: no leaf that is known here.
   */
  readonly kind: 'own' | 'foreign' | 'other' | 'unreadable'
  /** In a few words what the leaf is of. */
  readonly about: string
  readonly leaf: Json
}

/** Kinds that a publisher must look at. */
export const alarming: readonly Finding['kind'][] = ['foreign', 'unreadable']

/** Holds a leaf against what this machine signed. */
export function judgeLeaf(
  { publisher }: Pick<Home, 'publisher'>,
  signed: ReadonlySet<string>,
  index: number,
  bytes: Uint8Array,
): Finding {
  const leaf = readLeaf(bytes)
  if (!isJsonObject(leaf) || typeof leaf.type !== 'string') {
    return { index, kind: 'unreadable', about: 'an entry that is no leaf', leaf: null }
  }
  const about = aboutOf(leaf)
  const isOurName = leaf.type === 'release' && String(leaf.path).startsWith(`${publisher}/`)
  if (!isOurName) return { index, kind: 'other', about, leaf }
  return { index, kind: signed.has(fromUtf8(bytes)) ? 'own' : 'foreign', about, leaf }
}

function aboutOf(leaf: { readonly [key: string]: Json }): string {
  const { type, path, version } = leaf
  if (type === 'release') return `release ${path}`
  if (type === 'adoption') return `adoption of ${leaf.package}`
  if (type === 'root') return `catalogue root ${version}`
  if (type === 'audit') return `the audit log up to entry ${leaf.sequence}`
  return type === 'owner' ? 'an ownership commitment' : `a leaf of type ${type}`
}

/** A log may hold anything; what is no JSON is told, and ends no monitor. */
function readLeaf(bytes: Uint8Array): Json {
  try {
    return parseStrictJson(bytes)
  } catch (error) {
    if (isCoded(error)) return null
    throw error
  }
}
