import { isCoded } from '@steadfleet/base'
import fc from 'fast-check'
import { mutated } from './mutate.ts'
import { mutatedJson, replacedInside } from './mutate-json.ts'
import { type Random, randomOf } from './random.ts'
import { toJsonBytes } from './seeds.ts'
import { Broken, type FuzzTarget } from './target.ts'

/** Longer than this for an input of a few kilobytes is a hang that has only begun. */
export const mostMilliseconds = 2_000

/** What was found, and the input that shows it again. */
export interface Finding {
  readonly target: string
  readonly what: string
  readonly input: Uint8Array
}

/** Input `index` of a run: a mutated seed, a mutated document, or one near the format. */
export function inputOf(
  target: FuzzTarget,
  seeds: readonly Uint8Array[],
  seed: number,
  index: number,
): Uint8Array {
  const random = randomOf(seed, index)
  const made = madeOf(target, seeds, random)
  return target.wrap ? target.wrap(made) : made
}

/** Gives one input to its target; what comes of it is undefined, or a finding. */
export async function tryInput(
  target: FuzzTarget,
  input: Uint8Array,
): Promise<Finding | undefined> {
  const started = performance.now()
  const fault = await faultIn(target, input)
  const milliseconds = Math.round(performance.now() - started)
  const isSlow = milliseconds > mostMilliseconds + input.length / 1000
  const what = fault ?? (isSlow ? `took ${milliseconds} ms for ${input.length} bytes` : undefined)
  return what === undefined ? undefined : { target: target.name, what, input }
}

async function faultIn(target: FuzzTarget, input: Uint8Array): Promise<string | undefined> {
  try {
    const outcome = target.read(input)
    if (outcome instanceof Promise) await outcome
    return undefined
  } catch (error) {
    if (error instanceof Broken) return `broken: ${error.message}`
    if (isCoded(error) && target.codes.some(code => error.code.startsWith(code))) return undefined
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

function madeOf(target: FuzzTarget, seeds: readonly Uint8Array[], random: Random): Uint8Array {
  if (random.oneIn(20_000)) return huge(random, documentIn(random.pick(seeds)))
  if (target.near && random.oneIn(32)) {
    const [value] = fc.sample(target.near, { seed: random.below(2 ** 31), numRuns: 1 })
    return typeof value === 'string' ? new Uint8Array(Buffer.from(value)) : toJsonBytes(value)
  }
  const bytes = random.pick(seeds)
  const document = random.oneIn(2) ? documentIn(bytes) : undefined
  if (document === undefined) return mutated(bytes, random)
  const changed = toJsonBytes(mutatedJson(document, random))
  return random.oneIn(4) ? mutated(changed, random) : changed
}

/** One token over and over: what costs a reader its stack or its square. */
function huge(random: Random, document: unknown): Uint8Array {
  const token = random.pick([
    'a',
    '"',
    '[',
    '{"":',
    '\\',
    ' ',
    '9',
    '/',
    '*',
    '\n',
    'é',
    '../',
    '0,',
  ])
  const times = Math.min(2 ** (10 + random.below(15)), Math.floor(15_000_000 / token.length))
  const text = token.repeat(times)
  // As a value inside a document it meets the patterns of the format, not of JSON alone.
  if (random.oneIn(2)) return toJsonBytes(replacedInside(document, random, text))
  return new Uint8Array(Buffer.from(random.oneIn(2) ? `"${text}"` : text))
}

const documents = new WeakMap<Uint8Array, { readonly value: unknown }>()

/** The seed as parsed JSON, or undefined where it is none. */
function documentIn(bytes: Uint8Array): unknown {
  const held = documents.get(bytes) ?? { value: parsed(bytes) }
  documents.set(bytes, held)
  return held.value
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch (error) {
    // The second way: bytes that are no JSON are mutated as bytes.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
