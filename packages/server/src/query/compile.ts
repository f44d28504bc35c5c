import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import { ServerError, unknown } from '../error.ts'
import type { Database } from '../store/schema.ts'
import { compare } from './compare.ts'
import { fieldNamed, type Subject, subjectOf } from './fields.ts'
import { type ASTNode, type Literal, literalOf, parseQuery, refusal } from './parse.ts'

/** Whether a row of `device` meets a query; every value of the query is a bound parameter. */
export type Condition = Expression<SqlBool>

/** What a query is read with. */
export interface Ground {
  /** The groups of the fleet, each with its query. */
  readonly groups: ReadonlyMap<string, string>
  readonly now: Date
}

/** Steps of a query with those of all groups that it names. */
const mostSteps = 1000

interface Way extends Ground {
  /** The groups that it came through: none may lead back to itself. */
  readonly through: readonly string[]
  readonly steps: { taken: number }
}

const eb = expressionBuilder<Database, 'device'>()

/** Compiles a query to a condition on `device`. */
export function toCondition(query: string, ground: Ground): Condition {
  return compileText(query, { ...ground, through: [], steps: { taken: 0 } })
}

function compileText(query: string, way: Way): Condition {
  return compile(parseQuery(query), way)
}

type Compiler = (node: ASTNode, way: Way) => Condition

function compile(node: ASTNode, way: Way): Condition {
  way.steps.taken += 1
  if (way.steps.taken > mostSteps) {
    throw refusal('query/too-large', node, 'it asks too much, with the groups that it names')
  }
  const compiler = Object.hasOwn(compilers, node.op) ? compilers[node.op] : undefined
  if (compiler) return compiler(node, way)
  throw refusal('query/unsupported', node, `${node.op} says nothing of a device`)
}

/** What each operator of the language becomes; one that is not here is refused. */
const compilers: Readonly<Record<string, Compiler>> = {
  '&&': (node, way) => eb.and(bothOf(node, way)),
  '||': (node, way) => eb.or(bothOf(node, way)),
  '!_': (node, way) => eb.not(compile(node.args as ASTNode, way)),
  value: constant,
  id: flag,
  '==': comparison,
  '!=': comparison,
  '<': comparison,
  '<=': comparison,
  '>': comparison,
  '>=': comparison,
  in: membership,
  call: presence,
  rcall: partOfText,
}

function bothOf(node: ASTNode, way: Way): [Condition, Condition] {
  const [left, right] = node.args as [ASTNode, ASTNode]
  return [compile(left, way), compile(right, way)]
}

/** `true` is every device. */
function constant(node: ASTNode): Condition {
  if (typeof node.args === 'boolean') return always(node.args)
  throw refusal('query/unsupported', node, 'this alone says nothing of a device')
}

function always(isSo: boolean): Condition {
  return isSo ? sql<SqlBool>`1 = 1` : sql<SqlBool>`1 = 0`
}

function flag(node: ASTNode): Condition {
  return compare(subjectOf(node), '==', true, { node, now: new Date(0) })
}

const mirrored: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' }

function comparison(node: ASTNode, { now }: Way): Condition {
  const [left, right] = node.args as [ASTNode, ASTNode]
  const onRight = literalOf(right)
  if (onRight !== undefined) return compare(subjectOf(left), node.op, onRight, { node, now })
  const onLeft = literalOf(left)
  if (onLeft === undefined) throw refusal('query/unsupported', node, 'one side is a value')
  return compare(subjectOf(right), mirrored[node.op] ?? node.op, onLeft, { node, now })
}

/** `"north" in groups`, `"site" in labels`, `labels.site in ["north", "south"]`. */
function membership(node: ASTNode, way: Way): Condition {
  const [one, many] = node.args as [ASTNode, ASTNode]
  if (many.op === 'list') return oneOf(one, many, way)
  const key = literalOf(one)
  if (typeof key !== 'string') throw refusal('query/unsupported', one, 'a text is wanted here')
  const field = fieldNamed(many)
  if (field.kind === 'groups') return inGroup(key, way)
  if (field.kind === 'map') return hasEntry({ kind: 'entry', of: field, key })
  throw refusal('query/unsupported', many, 'nothing is in it')
}

function oneOf(one: ASTNode, list: ASTNode & { readonly op: 'list' }, way: Way): Condition {
  const subject = subjectOf(one)
  const values = list.args.map(item => literalIn(item))
  return eb.or(values.map(value => compare(subject, '==', value, { node: one, now: way.now })))
}

function literalIn(node: ASTNode): Literal {
  const value = literalOf(node)
  if (value === undefined) throw refusal('query/unsupported', node, 'a value is wanted here')
  return value
}

function inGroup(name: string, way: Way): Condition {
  const query = way.groups.get(name)
  if (query === undefined) throw unknown('group/unknown', `group ${name}`, { group: name })
  if (way.through.includes(name)) {
    const circle = [...way.through, name].join(' → ')
    const message = `cannot find who is in group ${name}: it leads to itself, ${circle}`
    throw new ServerError('group/circle', message, { group: name })
  }
  return compileText(query, { ...way, through: [...way.through, name] })
}

/** `has(labels.site)` */
function presence(node: ASTNode): Condition {
  const [name, args] = node.args as [string, ASTNode[]]
  const [argument] = args
  if (name !== 'has' || argument === undefined || args.length > 1) {
    throw refusal('query/unsupported', node, `${name}() says nothing of a device`)
  }
  const subject = subjectOf(argument)
  if (subject.kind === 'entry') return hasEntry(subject)
  throw refusal('query/unsupported', argument, 'has() asks for one entry, as has(labels.site)')
}

function hasEntry({ of, key }: Subject & { readonly kind: 'entry' }): Condition {
  const { table } = of
  return sql<SqlBool>`device.id in (
    select device from ${sql.table(table)} where ${sql.ref(of.key)} = ${key}
  )`
}

/** `name.startsWith("north-")`: texts are alike letter by letter, capitals too. */
function partOfText(node: ASTNode, { now }: Way): Condition {
  const [method, subject, args] = node.args as [string, ASTNode, ASTNode[]]
  const [part] = args
  const isKnown = ['startsWith', 'endsWith', 'contains'].includes(method)
  if (!isKnown || part === undefined || args.length > 1) {
    const why = `${method}() is not known; startsWith, endsWith and contains are`
    throw refusal('query/unsupported', node, why)
  }
  const text = literalOf(part)
  if (typeof text !== 'string') throw refusal('query/unsupported', part, 'a text is wanted here')
  return compare(subjectOf(subject), method, text, { node, now })
}
