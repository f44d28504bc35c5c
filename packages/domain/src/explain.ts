/** One place where a value is not what its schema allows. `path` is a JSON pointer (RFC 6901). */
export interface SchemaFault {
  readonly path: string
  readonly message: string
  /** `name` when the fault is the member's name rather than its value. */
  readonly at?: 'name'
}

/** The part of JSON Schema that this project's declarations use. */
interface Rule {
  readonly anyOf?: readonly Rule[]
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Rule>>
  readonly patternProperties?: Readonly<Record<string, Rule>>
  readonly additionalProperties?: unknown
  readonly required?: readonly string[]
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly items?: Rule
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly description?: string
}

/**
 * Every fault of a value that its compiled check refused, in words for the person who wrote it:
 * where it is and what is allowed there. Never the value itself, since a value may be a secret.
 */
export function explain(rule: object, value: unknown, path = ''): SchemaFault[] {
  return explainRule(rule, value, path)
}

function explainRule(rule: Rule, value: unknown, path: string): SchemaFault[] {
  if (rule.anyOf) return explainChoice(rule.anyOf, value, path)
  if (rule.const !== undefined) return unless(value === rule.const, path, `must be ${rule.const}`)
  if (rule.enum) return unless(rule.enum.includes(value), path, oneOfWords(rule.enum))
  if (rule.type === undefined) return []
  if (!isOfType(rule.type, value)) {
    return [{ path, message: `must be ${nameOf(rule)}, not ${foundIn(value)}` }]
  }
  if (typeof value === 'string') return explainText(rule, value, path)
  if (typeof value === 'number') return explainNumber(rule, value, path)
  if (Array.isArray(value)) return explainList(rule, value, path)
  if (rule.type === 'object') return explainObject(rule, value as Members, path)
  return []
}

type Members = Readonly<Record<string, unknown>>

function explainText(rule: Rule, value: string, path: string): SchemaFault[] {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = rule
  const what = rule.description ? ` (${rule.description})` : ''
  return [
    ...unless(value.length >= minLength, path, `must have at least ${minLength} characters`),
    ...unless(value.length <= maxLength, path, `must have at most ${maxLength} characters`),
    ...unless(
      pattern === undefined || new RegExp(pattern, 'u').test(value),
      path,
      `must match ${pattern}${what}`,
    ),
  ]
}

function explainNumber(rule: Rule, value: number, path: string): SchemaFault[] {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = rule
  return [
    ...unless(value >= minimum, path, `must be at least ${minimum}`),
    ...unless(value <= maximum, path, `must be at most ${maximum}`),
  ]
}

function explainList(rule: Rule, value: readonly unknown[], path: string): SchemaFault[] {
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, uniqueItems, items = {} } = rule
  const distinct = new Set(value.map(item => JSON.stringify(item))).size
  return [
    ...unless(value.length >= minItems, path, `must have at least ${minItems} item(s)`),
    ...unless(value.length <= maxItems, path, `must have at most ${maxItems} items`),
    ...unless(!uniqueItems || distinct === value.length, path, 'must not repeat an item'),
    ...value.flatMap((item, i) => explainRule(items, item, `${path}/${i}`)),
  ]
}

function explainObject(rule: Rule, value: Members, path: string): SchemaFault[] {
  const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY, required = [] } = rule
  const size = Object.keys(value).length
  const missing = required.filter(key => !Object.hasOwn(value, key))
  return [
    ...unless(size >= minProperties, path, `must have at least ${minProperties} member(s)`),
    ...unless(size <= maxProperties, path, `must have at most ${maxProperties} members`),
    ...unless(missing.length === 0, path, `must have ${missing.join(', ')}`),
    ...Object.entries(value).flatMap(([key, member]) =>
      explainMember(rule, key, member, `${path}/${toPointerPart(key)}`),
    ),
  ]
}

function explainMember(rule: Rule, key: string, value: unknown, path: string): SchemaFault[] {
  const properties = rule.properties ?? {}
  const declared = Object.hasOwn(properties, key) ? properties[key] : undefined
  if (declared) return explainRule(declared, value, path)
  const patterns = Object.entries(rule.patternProperties ?? {})
  const matching = patterns.find(([pattern]) => new RegExp(pattern, 'u').test(key))
  if (matching) return explainRule(matching[1], value, path)
  if (rule.additionalProperties !== false) return []
  if (patterns.length === 0) {
    const known = Object.keys(properties).join(', ')
    return [{ path, message: `is not known here; known: ${known}`, at: 'name' }]
  }
  return [
    {
      path,
      message: `must have a name that matches ${patterns.map(([p]) => p).join(' or ')}`,
      at: 'name',
    },
  ]
}

/** Of several shapes the one that the value seems to mean is explained, not all of them. */
function explainChoice(rules: readonly Rule[], value: unknown, path: string): SchemaFault[] {
  const tag = tagOf(rules)
  if (isMembers(value) && tag !== undefined) return explainTagged(tag, rules, value, path)
  const tried = rules.map(rule => ({ rule, faults: explainRule(rule, value, path) }))
  if (tried.some(({ faults }) => faults.length === 0)) return []
  const meant = tried.filter(({ rule }) => isMeantBy(rule, value))
  if (meant.length === 1 && meant[0]) return meant[0].faults
  return [{ path, message: `must be ${rules.map(nameOf).join(' or ')}` }]
}

function explainTagged(
  tag: string,
  rules: readonly Rule[],
  value: Members,
  path: string,
): SchemaFault[] {
  const words = rules.map(rule => rule.properties?.[tag]?.const)
  const meant = rules[words.indexOf(value[tag])]
  return meant
    ? explainRule(meant, value, path)
    : [{ path: `${path}/${tag}`, message: oneOfWords(words) }]
}

/** The member that tells the shapes apart: each declares it as a constant. */
function tagOf(rules: readonly Rule[]): string | undefined {
  const names = Object.keys(rules[0]?.properties ?? {})
  return names.find(name => rules.every(rule => rule.properties?.[name]?.const !== undefined))
}

/** A shape is meant by a value of its type; an object, by one that has a member it requires. */
function isMeantBy(rule: Rule, value: unknown): boolean {
  if (!isOfType(rule.type ?? 'object', value)) return false
  if (!isMembers(value) || !rule.required) return true
  return rule.required.some(key => Object.hasOwn(value, key))
}

function isOfType(type: string, value: unknown): boolean {
  const check = Object.hasOwn(types, type) ? types[type] : undefined
  return check === undefined || check.test(value)
}

const types: Readonly<Record<string, { name: string; test: (value: unknown) => boolean }>> = {
  string: { name: 'a string', test: value => typeof value === 'string' },
  integer: { name: 'a whole number', test: value => Number.isSafeInteger(value) },
  number: { name: 'a number', test: value => typeof value === 'number' },
  boolean: { name: 'true or false', test: value => typeof value === 'boolean' },
  null: { name: 'null', test: value => value === null },
  array: { name: 'a list', test: value => Array.isArray(value) },
  object: { name: 'an object', test: isMembers },
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function nameOf(rule: Rule): string {
  const type = rule.type ?? ''
  const name = Object.hasOwn(types, type) ? types[type]?.name : undefined
  const keys = rule.required?.length ? ` with ${rule.required.join(', ')}` : ''
  return `${name ?? 'something else'}${type === 'object' ? keys : ''}`
}

function foundIn(value: unknown): string {
  const order = ['null', 'array', 'object', 'string', 'boolean', 'integer', 'number']
  const type = order.find(one => isOfType(one, value))
  return type === 'boolean' ? 'a boolean' : (types[type ?? '']?.name ?? typeof value)
}

function oneOfWords(words: readonly unknown[]): string {
  return `must be one of ${words.join(', ')}`
}

function unless(isFine: boolean, path: string, message: string): SchemaFault[] {
  return isFine ? [] : [{ path, message }]
}

/** RFC 6901 §3: `~` and `/` of a member's name are escaped. */
function toPointerPart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
