import type { Output } from './output.ts'
import type { World } from './world.ts'

/** One option, as commander reads it: its flags, what it does, and its value when absent. */
export interface OptionSpec {
  readonly flags: string
  readonly what: string
  readonly otherwise?: string
  /** May be given several times. */
  readonly repeats?: boolean
}

export type OptionValues = Readonly<
  Record<string, string | boolean | readonly string[] | undefined>
>

/** One invocation of a command: what was typed, and the world it acts in. */
export interface Call {
  readonly arguments: readonly string[]
  readonly options: OptionValues
  readonly world: World
  readonly output: Output
}

/** A command as data: `name` is its whole path, as in `rollout pause`. */
export interface CommandSpec {
  readonly name: string
  readonly takes?: readonly { readonly name: string; readonly what: string }[]
  readonly summary: string
  readonly options?: readonly OptionSpec[]
  readonly examples: readonly string[]
  readonly run: (call: Call) => Promise<void>
}

/** The text of option `name`, if it was given. */
export function textOption(call: Pick<Call, 'options'>, name: string): string | undefined {
  const value = call.options[name]
  return typeof value === 'string' ? value : undefined
}

/** Every value of an option that repeats. */
export function listOption(call: Pick<Call, 'options'>, name: string): readonly string[] {
  const value = call.options[name]
  return Array.isArray(value) ? value : []
}

/** The argument at `index`; commander has already refused a call that lacks it. */
export function argument(call: Call, index: number): string {
  const value = call.arguments[index]
  if (value === undefined) throw new RangeError(`argument ${index} is not declared`)
  return value
}
