import { toTimestamp } from '@steadfleet/domain'
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Condition } from './compile.ts'
import type { Subject } from './fields.ts'
import { type ASTNode, type Literal, refusal } from './parse.ts'

interface Circumstances {
  readonly node: ASTNode
  readonly now: Date
}

/**
 * One comparison as a condition. An entry that a device does not have equals nothing: `==` and all that orders
 * is false of it, `!=` is true.
 */
export function compare(
  subject: Subject,
  operator: string,
  value: Literal,
  at: Circumstances,
): Condition {
  switch (subject.kind) {
    case 'text':
      return texts(sql.ref(`device.${subject.column}`), operator, value, at)
    case 'flag':
      return flags(subject, operator, value, at)
    case 'moment':
    case 'span':
      return moments(subject, operator, value, at)
    case 'entry':
      return entries(subject, operator, value, at)
  }
}

const ordering: Readonly<Record<string, RawBuilder<unknown>>> = {
  '==': sql`=`,
  '!=': sql`<>`,
  '<': sql`<`,
  '<=': sql`<=`,
  '>': sql`>`,
  '>=': sql`>=`,
}

function symbol(operator: string, { node }: Circumstances): RawBuilder<unknown> {
  const found = ordering[operator]
  if (found) return found
  throw refusal('query/unsupported', node, `${operator}() asks of a text`)
}

type TextCondition = (column: RawBuilder<unknown>, text: string) => RawBuilder<SqlBool>

/** The same in both databases, and of capitals in both: their LIKE and their orders of texts differ. */
const textConditions: Readonly<Record<string, TextCondition>> = {
  '==': (column, text) => sql`${column} = ${text}`,
  '!=': (column, text) => sql`${column} <> ${text}`,
  startsWith: (column, text) => sql`substr(${column}, 1, ${lengthOf(text)}) = ${text}`,
  endsWith: (column, text) =>
    sql`(length(${column}) >= ${lengthOf(text)}
      and substr(${column}, length(${column}) - ${lengthOf(text)} + 1) = ${text})`,
  contains: (column, text) =>
    text === '' ? sql`1 = 1` : sql`replace(${column}, ${text}, '') <> ${column}`,
}

/** In characters, as both databases count them; a number of ours, so written as it is. */
function lengthOf(text: string): RawBuilder<number> {
  return sql.lit([...text].length)
}

function texts(
  column: RawBuilder<unknown>,
  operator: string,
  value: Literal,
  { node }: Circumstances,
): Condition {
  const condition = textConditions[operator]
  if (typeof value !== 'string') throw refusal('query/unsupported', node, 'a text is wanted here')
  if (condition) return condition(column, value)
  throw refusal('query/unsupported', node, 'texts have no order here')
}

function flags(
  { column, unset }: Subject & { readonly kind: 'flag' },
  operator: string,
  value: Literal,
  { node }: Circumstances,
): Condition {
  const isEqual = operator === '=='
  if (typeof value !== 'boolean' || (!isEqual && operator !== '!=')) {
    throw refusal('query/unsupported', node, 'it is true or false')
  }
  const isWanted = value === isEqual
  const is = sql.ref(`device.${column}`)
  if (unset === null) return isWanted ? sql`${is} is not null` : sql`${is} is null`
  // Few are set, and an index knows them.
  const set = sql`(select id from device where ${sql.ref(column)} <> ${sql.lit(unset)})`
  return isWanted ? sql`device.id in ${set}` : sql`device.id not in ${set}`
}

/** Who was not heard for longer was heard earlier. */
const backwards: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

function moments(
  { kind, column }: Subject & { readonly kind: 'moment' | 'span' },
  operator: string,
  value: Literal,
  at: Circumstances,
): Condition {
  const moment = kind === 'moment' ? instantOf(value, at) : startOf(value, at)
  const how = symbol(kind === 'moment' ? operator : (backwards[operator] ?? operator), at)
  return sql<SqlBool>`coalesce(${sql.ref(`device.${column}`)}, '') ${how} ${toTimestamp(moment)}`
}

function instantOf(value: Literal, { node }: Circumstances): Date {
  if (value instanceof Date) return value
  throw refusal('query/unsupported', node, 'compare with timestamp("2026-12-01T00:00:00Z")')
}

function startOf(value: Literal, { node, now }: Circumstances): Date {
  const isSpan = typeof value === 'object' && 'milliseconds' in value
  const start = isSpan ? new Date(now.getTime() - value.milliseconds) : undefined
  if (start && start.getUTCFullYear() > 0 && start.getUTCFullYear() < 9999) return start
  throw refusal('query/unsupported', node, 'compare with duration("2h")')
}

function entries(
  { of, key }: Subject & { readonly kind: 'entry' },
  operator: string,
  value: Literal,
  at: Circumstances,
): Condition {
  // Who differs are all but those who are alike, whoever has no such entry too.
  const isDiffering = operator === '!='
  const holds = sql`${sql.ref(of.key)} = ${key}
    and ${valueCondition(of, isDiffering ? '==' : operator, value, at)}`
  const found = sql`(select device from ${sql.table(of.table)} where ${holds})`
  return isDiffering ? sql`device.id not in ${found}` : sql`device.id in ${found}`
}

function valueCondition(
  { text, amount }: (Subject & { readonly kind: 'entry' })['of'],
  operator: string,
  value: Literal,
  at: Circumstances,
): Condition {
  if (typeof value === 'bigint' && amount) {
    return sql`${sql.ref(amount)} ${symbol(operator, at)} ${toAmount(value, at)}`
  }
  if (typeof value === 'string' && text) return texts(sql.ref(text), operator, value, at)
  const wanted = [...(text ? ['a text'] : []), ...(amount ? ['a whole number'] : [])]
  throw refusal('query/unsupported', at.node, `${wanted.join(' or ')} is wanted here`)
}

function toAmount(value: bigint, { node }: Circumstances): number {
  const amount = Number(value)
  if (Number.isSafeInteger(amount)) return amount
  throw refusal('query/too-large', node, 'no amount is so large')
}
