import { type Digest, digestOf, toDocument } from '@steadfleet/base'
import { type Static, Type } from 'typebox'
import type { SchemaFault } from './explain.ts'
import { object, oneOf, parserOf, record } from './schema.ts'

/** The name of a setting: a key of the manifest's own schema, never a path or a variable. */
export const SettingName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,39}$' })

const description = Type.Optional(Type.String({ maxLength: 200 }))

/** How a manifest declares one setting. Each has a default, so that a device always has a value. */
export const SettingDeclaration = Type.Union([
  object({
    type: Type.Literal('string'),
    default: Type.String({ maxLength: 4096 }),
    'max-length': Type.Optional(Type.Integer({ minimum: 1, maximum: 4096 })),
    description,
  }),
  object({
    type: Type.Literal('integer'),
    default: Type.Integer(),
    minimum: Type.Optional(Type.Integer()),
    maximum: Type.Optional(Type.Integer()),
    description,
  }),
  object({ type: Type.Literal('boolean'), default: Type.Boolean(), description }),
  object({
    type: Type.Literal('choice'),
    default: Type.String(),
    choices: Type.Array(Type.String({ maxLength: 200 }), { minItems: 1, maxItems: 100 }),
    description,
  }),
  /** Sealed to one device; only that device can read it. Without one the app sees an empty text. */
  object({ type: Type.Literal('secret'), description }),
])
export type SettingDeclaration = Static<typeof SettingDeclaration>

export const SettingDeclarations = record(SettingName, SettingDeclaration, {
  maxProperties: 200,
})
export type SettingDeclarations = Static<typeof SettingDeclarations>

/** A value an owner gives: whole numbers, so that an order that carries it can be signed. */
export const SettingValue = Type.Union([
  Type.String({ maxLength: 4096 }),
  Type.Integer(),
  Type.Boolean(),
])
export type SettingValue = Static<typeof SettingValue>

export const SettingValues = record(SettingName, SettingValue, { maxProperties: 200 })
export type SettingValues = Static<typeof SettingValues>
export const parseSettingValues = parserOf('settings', SettingValues)

/** Where a value was set; a device's own beats its group's, that its fleet's, that the default. */
export const SettingScope = oneOf('fleet', 'group', 'device')
export type SettingScope = Static<typeof SettingScope>

/** Every way in which `values` are not what `declared` allows; empty when they are. Never throws. */
export function faultsInSettings(
  declared: SettingDeclarations,
  values: SettingValues,
): SchemaFault[] {
  return Object.entries(values).flatMap(([name, value]) => {
    const declaration = Object.hasOwn(declared, name) ? declared[name] : undefined
    const message = declaration
      ? faultInValue(declaration, value)
      : 'is not a setting of this package'
    return message === undefined ? [] : [{ path: `/${name}`, message }]
  })
}

/** Every way in which declarations contradict themselves: a default outside its own limits. Never throws. */
export function faultsInDeclarations(declared: SettingDeclarations): SchemaFault[] {
  return Object.entries(declared).flatMap(([name, declaration]) => {
    const limits = faultInLimits(declaration)
    if (limits !== undefined) return [{ path: `/${name}`, message: limits }]
    if (declaration.type === 'secret') return []
    const message = faultInValue(declaration, declaration.default)
    return message === undefined ? [] : [{ path: `/${name}/default`, message }]
  })
}

/** Of `values` those that `declared` has and allows: what is for another revision stays out. */
export function fittingSettings(
  declared: SettingDeclarations,
  values: SettingValues,
): SettingValues {
  const fitting = Object.entries(values).filter(
    ([name, value]) => faultsInSettings(declared, { [name]: value }).length === 0,
  )
  return Object.fromEntries(fitting)
}

/** The name of all values that an app sees: by it a signed report says which ones are in force. */
export function digestOfSettings(effective: SettingValues): Digest {
  return digestOf(toDocument(effective))
}

/** The values an app sees: what was set, over the manifest's defaults. */
export function effectiveSettings(
  declared: SettingDeclarations,
  values: SettingValues,
): SettingValues {
  return Object.fromEntries(
    Object.entries(declared).map(([name, declaration]) => {
      const own = Object.hasOwn(values, name) ? values[name] : undefined
      return [name, own ?? defaultOf(declaration)]
    }),
  )
}

/** What an app sees where nothing was set. */
export function defaultOf(declaration: SettingDeclaration): SettingValue {
  return declaration.type === 'secret' ? '' : declaration.default
}

/** A sealed secret: `sealed1.VERSION.BASE64URL`. */
const sealedPattern = /^sealed1\.\d{1,15}\.[A-Za-z0-9_-]{60,3000}$/

/** Whether a value of a setting is a sealed secret. */
export function isSealed(value: SettingValue | undefined): boolean {
  return typeof value === 'string' && sealedPattern.test(value)
}

function faultInValue(declared: SettingDeclaration, value: SettingValue): string | undefined {
  switch (declared.type) {
    case 'string':
      return faultInString(declared['max-length'] ?? 4096, value)
    case 'integer':
      return faultInInteger(declared.minimum, declared.maximum, value)
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'must be true or false'
    case 'choice':
      return declared.choices.includes(String(value)) && typeof value === 'string'
        ? undefined
        : `must be one of ${declared.choices.join(', ')}`
    case 'secret':
      return isSealed(value) ? undefined : 'is a secret: it must be sealed (steadfleet secrets set)'
  }
}

function faultInLimits(declared: SettingDeclaration): string | undefined {
  if (declared.type === 'choice') {
    const isRepeated = new Set(declared.choices).size < declared.choices.length
    return isRepeated ? 'must not repeat a choice' : undefined
  }
  if (declared.type !== 'integer') return undefined
  const { minimum, maximum } = declared
  const isEmpty = minimum !== undefined && maximum !== undefined && minimum > maximum
  return isEmpty ? `must not have a minimum (${minimum}) above its maximum (${maximum})` : undefined
}

function faultInString(longest: number, value: SettingValue): string | undefined {
  if (typeof value !== 'string') return 'must be a string'
  if (isSealed(value)) return 'must not be a sealed secret'
  return value.length > longest ? `must be at most ${longest} characters` : undefined
}

function faultInInteger(
  minimum: number | undefined,
  maximum: number | undefined,
  value: SettingValue,
): string | undefined {
  if (typeof value !== 'number') return 'must be a whole number'
  if (minimum !== undefined && value < minimum) return `must be at least ${minimum}`
  if (maximum !== undefined && value > maximum) return `must be at most ${maximum}`
  return undefined
}
