import fc from 'fast-check'

/** A JSON Schema, as far as the API's document uses it. */
export interface JsonSchema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly pattern?: string
  readonly contentEncoding?: string
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minProperties?: number
  readonly uniqueItems?: boolean
}

/** Values that the schema takes, small ones. */
export function valuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valuesOf))
  return (byType[schema.type ?? ''] ?? anything)(schema)
}

const anything = (): fc.Arbitrary<unknown> => fc.jsonValue({ maxDepth: 2 })

const byType: Readonly<Record<string, (schema: JsonSchema) => fc.Arbitrary<unknown>>> = {
  string: textOf,
  integer: schema => fc.integer(boundsOf(schema)),
  number: ({ exclusiveMinimum, minimum = exclusiveMinimum ?? 0, maximum = minimum + 1000 }) =>
    fc.constant((minimum + maximum) / 2),
  boolean: () => fc.boolean(),
  null: () => fc.constant(null),
  array: arrayOf,
  object: objectOf,
}

function textOf(schema: JsonSchema): fc.Arbitrary<string> {
  const { pattern, contentEncoding, minLength = 0, maxLength = 200 } = schema
  if (contentEncoding === 'base64') return fc.base64String({ maxLength: 40 })
  if (pattern === undefined) {
    return fc.string({ minLength, maxLength: Math.min(maxLength, minLength + 20) })
  }
  return fc
    .stringMatching(new RegExp(pattern))
    .filter(text => text.length >= minLength && text.length <= maxLength)
}

function boundsOf({ minimum, exclusiveMinimum, maximum }: JsonSchema) {
  const min = Math.ceil(minimum ?? (exclusiveMinimum ?? -1) + 1)
  return { min, max: Math.floor(maximum ?? min + 1000) }
}

function arrayOf({ items = {}, minItems = 0, maxItems = 3, uniqueItems }: JsonSchema) {
  const bounds = { minLength: minItems, maxLength: Math.max(minItems, Math.min(maxItems, 3)) }
  return uniqueItems ? fc.uniqueArray(valuesOf(items), bounds) : fc.array(valuesOf(items), bounds)
}

function objectOf({
  properties = {},
  required = [],
  patternProperties,
  minProperties = 0,
}: JsonSchema) {
  const members = Object.entries(properties).map(([name, one]) => [name, valuesOf(one)] as const)
  const requiredKeys = members.map(([name]) => name).filter(name => required.includes(name))
  const fixed = fc.record(Object.fromEntries(members), { requiredKeys })
  const [pattern] = Object.entries(patternProperties ?? {})
  if (!pattern) return fixed
  const [names, value] = pattern
  const further = fc.dictionary(fc.stringMatching(new RegExp(names)), valuesOf(value), {
    minKeys: minProperties,
    maxKeys: Math.max(minProperties, 2),
  })
  return fc.tuple(fixed, further).map(([one, other]) => ({ ...one, ...other }))
}
