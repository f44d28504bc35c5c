import fc from 'fast-check'

/** The part of JSON Schema that this project's declarations use. */
interface Rule {
  readonly anyOf?: readonly Rule[]
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Rule>>
  readonly patternProperties?: Readonly<Record<string, Rule>>
  readonly required?: readonly string[]
  readonly items?: Rule
  readonly minItems?: number
  readonly pattern?: string
  readonly minLength?: number
  readonly minimum?: number
  readonly maximum?: number
}

/** Values that a schema allows, for the greater part: limits across members are left to chance. */
export function arbitraryOf(schema: object): fc.Arbitrary<unknown> {
  const rule: Rule = schema
  if (rule.anyOf) return fc.oneof(...rule.anyOf.map(arbitraryOf))
  if (rule.const !== undefined) return fc.constant(rule.const)
  if (rule.enum) return fc.constantFrom(...rule.enum)
  switch (rule.type) {
    case 'string':
      return textOf(rule)
    case 'integer':
      return fc.integer(rangeOf(rule))
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(arbitraryOf(rule.items ?? {}), {
        minLength: rule.minItems ?? 0,
        maxLength: 4,
      })
    case 'object':
      return objectOf(rule)
    default:
      return fc.jsonValue({ maxDepth: 1 })
  }
}

function rangeOf({ minimum = -(2 ** 31), maximum = 2 ** 31 - 1 }: Rule): {
  min: number
  max: number
} {
  return { min: minimum, max: Math.min(maximum, 2 ** 31 - 1) }
}

/** A pattern that looks ahead is beyond fast-check: a path stands in for it. */
function textOf({ pattern, minLength = 0 }: Rule): fc.Arbitrary<string> {
  if (pattern === undefined) return fc.string({ unit: 'grapheme', minLength, maxLength: 20 })
  if (pattern.includes('(?')) return fc.stringMatching(/^[a-z]{1,8}(\/[a-z.]{1,8}){0,3}$/)
  return fc.stringMatching(new RegExp(pattern), { maxLength: 80 })
}

function objectOf({ properties, patternProperties, required = [] }: Rule): fc.Arbitrary<unknown> {
  const [named] = Object.entries(patternProperties ?? {})
  if (named) {
    const [pattern, member] = named
    return fc.dictionary(textOf({ pattern }), arbitraryOf(member), {
      maxKeys: 3,
      noNullPrototype: true,
    })
  }
  const members = Object.entries(properties ?? {}).map(
    ([key, rule]) => [key, arbitraryOf(rule)] as const,
  )
  return fc.record<Record<string, unknown>>(Object.fromEntries(members), {
    requiredKeys: [...required],
    noNullPrototype: true,
  })
}
