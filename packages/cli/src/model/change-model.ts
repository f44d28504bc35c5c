import type { ModelStatement } from '@steadfleet/trust'

/** What the next statement of a model shall say otherwise. */
export interface ModelChange {
  /** Packages that an order may not leave out from now on, and those that it may. */
  readonly require: readonly string[]
  readonly optional: readonly string[]
  readonly interfaces: readonly string[]
  readonly withoutInterfaces: readonly string[]
  readonly summary?: string
  /** Whether devices send what their apps print without being asked. */
  readonly development?: boolean
}

/** The statement as it shall be, under the number of its next revision. */
export function nextModel(
  held: ModelStatement,
  change: ModelChange,
  revision: number,
): ModelStatement {
  const { summary = held.summary, development = held.development } = change
  return {
    ...held,
    revision,
    summary,
    required: changed(held.required, change.require, change.optional),
    interfaces: changed(held.interfaces, change.interfaces, change.withoutInterfaces),
    ...(development !== undefined && { development }),
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
export function differencesOf(before: ModelStatement, after: ModelStatement): string[] {
  return [
    ...listed('requires', before.required, after.required),
    ...listed('opens', before.interfaces, after.interfaces),
    ...valued('summary', before.summary, after.summary),
    ...valued('development', before.development ?? false, after.development ?? false),
  ]
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
