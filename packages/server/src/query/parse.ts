import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js'
import { ServerError, type ServerErrorCode } from '../error.ts'

export type { ASTNode } from '@marcbachmann/cel-js'

/** The longest query, in characters. */
export const longestQuery = 2000

const environment = new Environment({
  unlistedVariablesAreDyn: true,
  limits: {
    maxAstNodes: 400,
    maxDepth: 24,
    maxListElements: 200,
    maxMapEntries: 1,
    maxCallArguments: 4,
  },
})

/** Reads a query: an expression of the Common Expression Language. docs/decisions/0056 */
export function parseQuery(query: string): ASTNode {
  if (query.length > longestQuery) {
    const message = `cannot read query: longer than ${longestQuery} characters`
    throw new ServerError('query/too-large', message, { length: query.length })
  }
  try {
    return environment.parse(query).ast
  } catch (cause) {
    throw asRefusal(query, cause)
  }
}

function asRefusal(query: string, cause: unknown): unknown {
  if (!(cause instanceof ParseError)) return cause
  const code = cause.code === 'limit_exceeded' ? 'query/too-large' : 'query/syntax'
  const { start = 0, end = start } = cause.range ?? {}
  return refusal(code, { start, end, input: query }, cause.summary)
}

/** Where in a query something stands. */
export type Place = Pick<ASTNode, 'start' | 'end' | 'input'>

/** Says what of a query cannot be, and where: characters counted from 1. */
export function refusal(code: ServerErrorCode, place: Place, why: string): ServerError {
  const { start, end, input } = place
  const at = start + 1
  const message = `cannot read query at character ${at}: ${why}`
  return new ServerError(code, message, { at, text: input.slice(start, Math.min(end, start + 80)) })
}

/** What a literal stands for; undefined of anything that has to be looked up. */
export type Literal = string | bigint | boolean | Date | { readonly milliseconds: number }

/** The value of an expression that names nothing of a device. */
export function literalOf(node: ASTNode): Literal | undefined {
  if (node.op === 'value') return plain(node)
  if (node.op === '-_') {
    const value = literalOf(node.args)
    return typeof value === 'bigint' ? -value : undefined
  }
  const isMade = node.op === 'call' && (node.args[0] === 'timestamp' || node.args[0] === 'duration')
  if (!isMade || node.args[1].some(argument => argument.op !== 'value')) return undefined
  return made(node)
}

function plain(node: ASTNode & { readonly op: 'value' }): Literal {
  const { args: value } = node
  if (typeof value === 'string' && value.isWellFormed() && !value.includes('\0')) return value
  if (typeof value === 'boolean' || typeof value === 'bigint') return value
  const why = 'text, whole numbers, true and false are compared, nothing else'
  throw refusal('query/unsupported', node, why)
}

/** A moment or a span, as the language itself reads it. */
function made(node: ASTNode): Literal {
  try {
    const value: unknown = environment.evaluate(node.input.slice(node.start, node.end))
    if (value instanceof Date) return value
    return { milliseconds: Number(value) }
  } catch {
    throw refusal('query/unsupported', node, 'no moment or span is written so')
  }
}
