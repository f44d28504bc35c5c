import type { Database } from '../store/schema.ts'
import { type ASTNode, refusal } from './parse.ts'

/** A table with a row for each entry of a map of a device: its labels, its packages. */
export interface EntryTable {
  readonly table: 'device_label' | 'device_attribute' | 'device_release' | 'device_package'
  readonly key: 'name' | 'package'
  readonly text?: 'value' | 'version'
  readonly amount?: 'amount' | 'revision'
}

type Column = keyof Database['device'] & string

/** What a query may name of a device. */
export type Field =
  | { readonly kind: 'text'; readonly column: Column }
  | { readonly kind: 'flag'; readonly column: Column; readonly unset: string | null }
  | { readonly kind: 'moment'; readonly column: Column }
  | { readonly kind: 'span'; readonly column: Column }
  | ({ readonly kind: 'map' } & EntryTable)
  | { readonly kind: 'groups' }

/** Every name of a query. docs/formats/queries.md tells them. */
export const fields: Readonly<Record<string, Field>> = {
  name: { kind: 'text', column: 'name' },
  id: { kind: 'text', column: 'id' },
  model: { kind: 'text', column: 'model' },
  architecture: { kind: 'text', column: 'architecture' },
  state: { kind: 'text', column: 'change_state' },
  note: { kind: 'text', column: 'note' },
  silent: { kind: 'flag', column: 'silent_since', unset: null },
  held: { kind: 'flag', column: 'held_at', unset: null },
  isolated: { kind: 'flag', column: 'isolation', unset: '{}' },
  seen: { kind: 'moment', column: 'seen_at' },
  enrolled: { kind: 'moment', column: 'enrolled_at' },
  unheard: { kind: 'span', column: 'seen_at' },
  labels: { kind: 'map', table: 'device_label', key: 'name', text: 'value' },
  attributes: {
    ...{ kind: 'map', table: 'device_attribute', key: 'name' },
    ...{ text: 'value', amount: 'amount' },
  },
  packages: { kind: 'map', table: 'device_release', key: 'package', amount: 'revision' },
  versions: { kind: 'map', table: 'device_release', key: 'package', text: 'version' },
  ordered: { kind: 'map', table: 'device_package', key: 'package', amount: 'revision' },
  groups: { kind: 'groups' },
}

/** What of a device is compared: a field, or one entry of a map. */
export type Subject =
  | Exclude<Field, { kind: 'map' | 'groups' }>
  | { readonly kind: 'entry'; readonly of: EntryTable; readonly key: string }

/** The field that an identifier names. */
export function fieldNamed(node: ASTNode): Field {
  const field = node.op === 'id' && Object.hasOwn(fields, node.args) ? fields[node.args] : undefined
  if (field) return field
  if (node.op !== 'id') throw refusal('query/unsupported', node, 'a name is wanted here')
  const names = Object.keys(fields).join(', ')
  throw refusal('query/unknown-name', node, `no ${node.args} is known; there are ${names}`)
}

/** What stands on one side of a comparison: `name`, `labels.site`, `packages["acme/till"]`. */
export function subjectOf(node: ASTNode): Subject {
  const entry = entryOf(node)
  if (entry) return entry
  const field = fieldNamed(node)
  if (field.kind !== 'map' && field.kind !== 'groups') return field
  throw refusal('query/unsupported', node, `say which of it: as in "a" in ${String(node.args)}`)
}

function entryOf(node: ASTNode): Subject | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined
  const [owner, key] = node.args
  const field = fieldNamed(owner)
  if (field.kind !== 'map') throw refusal('query/unsupported', node, 'it has no entries')
  if (typeof key === 'string') return { kind: 'entry', of: field, key }
  if (key.op === 'value' && typeof key.args === 'string') {
    return { kind: 'entry', of: field, key: key.args }
  }
  throw refusal('query/unsupported', key, 'the key of an entry is a text')
}
