import { isJsonObject, type Json, type JsonObject } from '@steadfleet/base'
import type { MudNote } from './mud-file.ts'

/** A mended document, and what was mended. */
export interface Mended {
  readonly value: Json
  readonly notes: readonly MudNote[]
}

/** Modules that this reader knows; members of others are extensions that it passes over. RFC 8520 */
const knownModules: ReadonlySet<string> = new Set([
  'ietf-mud',
  'ietf-mud-transparency',
  'ietf-access-control-list',
  'ietf-acldns',
])

/** Leaves out members of extensions, which a reader that does not know them must not stumble over. */
export function withoutExtensions(value: Json): Mended {
  const notes: MudNote[] = []
  const visit = (one: Json, path: string): Json => {
    if (Array.isArray(one)) return one.map((item, i) => visit(item, `${path}/${i}`))
    if (!isJsonObject(one)) return one
    const members = Object.entries(one).filter(([key]) => {
      const isKnown = !key.includes(':') || knownModules.has(key.split(':')[0] ?? '')
      if (!isKnown) notes.push({ path: `${path}/${key}`, message: 'an extension, passed over' })
      return isKnown
    })
    return Object.fromEntries(members.map(([key, item]) => [key, visit(item, `${path}/${key}`)]))
  }
  return { value: visit(value, ''), notes }
}

/** One thing that is often found otherwise than the RFC has it. */
interface Mend {
  readonly message: string
  /** The member, as it should be; undefined where there is nothing to mend. */
  readonly mend: (value: Json, key: string) => readonly [key: string, value: Json] | undefined
}

const types: Readonly<Record<string, string>> = {
  ipv4: 'ipv4-acl-type',
  ipv6: 'ipv6-acl-type',
  'ethernet-acl-type': 'eth-acl-type',
}

const mends: readonly Mend[] = [
  {
    message: 'an access-lists of the drafts: read as acls',
    mend: (value, key) =>
      key === 'ietf-access-control-list:access-lists'
        ? ['ietf-access-control-list:acls', value]
        : undefined,
  },
  {
    message: 'a type of the drafts: read as that of RFC 8519',
    mend: (value, key) => {
      const plain = typeof value === 'string' ? value.replace('ietf-access-control-list:', '') : ''
      const named = types[plain] ?? plain
      return key === 'type' && plain !== '' && named !== value ? [key, named] : undefined
    },
  },
  {
    message: 'a time without a zone: read as UTC',
    mend: (value, key) =>
      key === 'last-update' && typeof value === 'string' && !/(Z|[+-]\d\d:?\d\d)$/.test(value)
        ? [key, `${value}Z`]
        : undefined,
  },
  {
    message: 'an empty leaf without its null',
    mend: (value, key) =>
      /^(same-manufacturer|local-networks|my-controller)$/.test(key) &&
      Array.isArray(value) &&
      value.length === 0
        ? [key, [null]]
        : undefined,
  },
  {
    message: 'a range with an operator: the operator is passed over',
    mend: (value, key) => {
      if (!/-port$/.test(key) || !isJsonObject(value)) return undefined
      const { operator, ...range } = value
      return operator !== undefined && 'lower-port' in range ? [key, range] : undefined
    },
  },
  {
    message: 'a class that is no URI: read as one of its maker’s own',
    mend: (value, key) =>
      key === 'controller' && typeof value === 'string' && /^[A-Za-z0-9._-]+$/.test(value)
        ? [key, `urn:unregistered:${value}`]
        : undefined,
  },
]

/** Makes of what is found in the wild what the RFC would have; each change is told. */
export function mend(value: Json): Mended {
  const notes: MudNote[] = []
  const visit = (one: Json, path: string): Json => {
    if (Array.isArray(one)) return one.map((item, i) => visit(item, `${path}/${i}`))
    if (!isJsonObject(one)) return one
    return Object.fromEntries(
      Object.entries(one).map(([key, item]) => {
        const [name, mended] = mendMember(key, item, `${path}/${key}`, notes)
        return [name, visit(mended, `${path}/${key}`)]
      }),
    ) satisfies JsonObject
  }
  return { value: visit(value, ''), notes }
}

function mendMember(
  key: string,
  value: Json,
  path: string,
  notes: MudNote[],
): readonly [string, Json] {
  for (const { mend: act, message } of mends) {
    const mended = act(value, key)
    if (mended === undefined) continue
    notes.push({ path, message })
    return mended
  }
  return [key, value]
}
