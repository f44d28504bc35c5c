import type { GrantRules } from '@steadfleet/domain'
import type { ModelStatement } from '@steadfleet/trust'
import { type GrantRule, withRules } from '../fleet/grant-rules.ts'

/** A statement, with what it grants by rule. */
export interface Model extends ModelStatement {
  readonly grants?: GrantRules
}

/** What the next statement of a model shall say otherwise. */
export interface ModelChange {
  /** Packages that an order may not leave out from now on, and those that it may. */
  readonly require: readonly string[]
  readonly optional: readonly string[]
  readonly interfaces: readonly string[]
  readonly withoutInterfaces: readonly string[]
  /** What packages of such devices have without being asked about. */
  readonly grant: readonly GrantRule[]
  readonly withoutGrant: readonly GrantRule[]
  readonly summary?: string
  /** Whether devices send what their apps print without being asked. */
  readonly development?: boolean
}

/** The statement as it shall be, under the number of its next revision. */
export function nextModel(held: Model, change: ModelChange, revision: number): Model {
  const { summary = held.summary, development = held.development } = change
  const { grants: before = {}, ...statement } = held
  const grants = withRules(before, change.grant, change.withoutGrant)
  return {
    ...statement,
    revision,
    summary,
    required: changed(held.required, change.require, change.optional),
    interfaces: changed(held.interfaces, change.interfaces, change.withoutInterfaces),
    ...(development !== undefined && { development }),
    ...(Object.keys(grants).length > 0 && { grants }),
  }
}

function changed<T extends string>(
  held: readonly T[],
  added: readonly string[],
  removed: readonly string[],
): T[] {
  const all = new Set([...held, ...(added as readonly T[])])
  return [...all].filter(one => !removed.includes(one)).sort()
}

/** What differs between two statements, a line each; empty where nothing does but the number. */
export function differencesOf(before: Model, after: Model): string[] {
  return [
    ...listed('requires', before.required, after.required),
    ...listed('opens', before.interfaces, after.interfaces),
    ...listed('grants', grantLines(before), grantLines(after)),
    ...valued('summary', before.summary, after.summary),
    ...valued('development', before.development ?? false, after.development ?? false),
  ]
}

/** Each as `camera to acme/doorbell`. */
export function grantLines({ grants = {} }: Pick<Model, 'grants'>): string[] {
  return Object.entries(grants).flatMap(([name, all]) => all.map(to => `${name} to ${to}`))
}

function listed(what: string, before: readonly string[], after: readonly string[]): string[] {
  return [
    ...after.filter(one => !before.includes(one)).map(one => `+ ${what} ${one}`),
    ...before.filter(one => !after.includes(one)).map(one => `- ${what} ${one}`),
  ]
}

function valued(what: string, before: unknown, after: unknown): string[] {
  return before === after ? [] : [`  ${what}: ${before} → ${after}`]
}
