import { CodedError } from '@steadfleet/base'
import {
  type Static,
  type TObject,
  type TProperties,
  type TSchema,
  type TUnsafe,
  Type,
} from 'typebox'
import { Compile } from 'typebox/compile'

export type SchemaErrorCode = 'schema/mismatch'

/** One place where a value is not what its schema allows. `path` is a JSON pointer (RFC 6901). */
export interface SchemaFault {
  readonly path: string
  readonly message: string
}

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
  let check: ReturnType<typeof Compile<S>> | undefined
  const parse = (value: unknown): Static<S> => {
    check ??= Compile(schema)
    if (check.Check(value)) return value as Static<S>
    throw new SchemaError(name, faultsOf(check.Errors(value)))
  }
  return Object.assign(parse, { schema })
}

interface RawFault {
  readonly instancePath: string
  readonly message: string
  readonly params: object
}

function faultsOf(errors: Iterable<RawFault>): SchemaFault[] {
  return [...errors].map(({ instancePath, message, params }) => {
    const extra =
      'additionalProperties' in params ? ` (${String(params.additionalProperties)})` : ''
    return { path: instancePath, message: message + extra }
  })
}
