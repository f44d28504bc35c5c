import { CodedError } from '@steadfleet/base'
import {
  type Static,
  type TObject,
  type TProperties,
  type TSchema,
  type TUnsafe,
  Type,
} from 'typebox'
import { Compile } from 'typebox/schema'
import { explain, type SchemaFault } from './explain.ts'

export type SchemaErrorCode = 'schema/mismatch'

/** Raised when a value from outside is not what its schema says; it lists every fault. */
export class SchemaError extends CodedError<SchemaErrorCode> {
  readonly faults: readonly SchemaFault[]

  constructor(name: string, faults: readonly SchemaFault[]) {
    const lines = faults.map(({ path, message }) => `${path || '/'}: ${message}`)
    super('schema/mismatch', `cannot read ${name}: ${lines.slice(0, 5).join('; ')}`, {
      faults: lines,
    })
    this.faults = faults
  }
}

/** A value that has a schema of its own, checked by one compiled parser. */
export interface Parser<T> {
  /** The value itself, or a {@link SchemaError} that lists every fault. */
  (value: unknown): T
  readonly schema: TSchema
}

/** A strict object: members that are not declared are refused. */
export function object<P extends TProperties>(properties: P, options: object = {}): TObject<P> {
  return Type.Object(properties, { additionalProperties: false, ...options })
}

/** A strict map: a name that does not match the pattern of `key` is refused. */
export function record<V extends TSchema>(
  key: TSchema & { readonly pattern?: string },
  value: V,
  options: object = {},
): TMap<V> {
  const patternProperties = { [key.pattern ?? anyName]: value }
  const rule = { type: 'object', patternProperties, additionalProperties: false, ...options }
  return Type.Unsafe<Record<string, Static<V>>>(rule)
}

/** A map of names that nobody chose beforehand. */
export function mapOf<V extends TSchema>(value: V, options: object = {}): TMap<V> {
  const rule = { type: 'object', patternProperties: { [anyName]: value }, ...options }
  return Type.Unsafe<Record<string, Static<V>>>(rule)
}

type TMap<V extends TSchema> = TUnsafe<Record<string, Static<V>>>
const anyName = '^.*$'

/**
 * The same schema for a reader that is older than the writer: members that it does not know are
 * let through, at any depth, and skipped. Names in maps stay bound to their pattern.
 */
export function opened<S extends TSchema>(schema: S): S {
  return openRule(schema) as S
}

function openRule(rule: unknown): unknown {
  if (Array.isArray(rule)) return rule.map(openRule)
  if (typeof rule !== 'object' || rule === null) return rule
  const isClosed = 'properties' in rule && 'additionalProperties' in rule
  const members = Object.entries(rule).filter(
    ([key]) => !(isClosed && key === 'additionalProperties'),
  )
  return Object.fromEntries(members.map(([key, member]) => [key, openRule(member)]))
}

/** A string of one pattern under a brand of its own, so that no other string passes for it. */
export function branded<Brand extends string>(
  pattern: RegExp,
  description: string,
): TUnsafe<Brand> {
  return Type.Unsafe<Brand>(Type.String({ pattern: pattern.source, description }))
}

/** A closed set of words. */
export function oneOf<const Words extends readonly string[]>(
  ...words: Words
): TUnsafe<Words[number]> {
  return Type.Unsafe<Words[number]>(Type.Enum([...words]))
}

/** Compiles `schema` once, on first use; `name` begins each error message. */
export function parserOf<S extends TSchema>(name: string, schema: S): Parser<Static<S>> {
  let check: ReturnType<typeof Compile> | undefined
  const parse = (value: unknown): Static<S> => {
    check ??= Compile(schema)
    if (check.Check(value)) return value as Static<S>
    throw new SchemaError(name, faultsOf(schema, value))
  }
  return Object.assign(parse, { schema })
}

/** A keyword that `explain` does not know still refuses the value, only in fewer words. */
function faultsOf(schema: TSchema, value: unknown): readonly SchemaFault[] {
  const faults = explain(schema, value)
  return faults.length > 0
    ? faults.slice(0, 100)
    : [{ path: '', message: 'is not what its schema allows' }]
}
