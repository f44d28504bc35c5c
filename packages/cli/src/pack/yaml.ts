import type { SchemaFault } from '@steadfleet/domain'
import {
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml'
import type { ManifestFault } from './manifest-error.ts'

/** A YAML document: its value, and the way from a place in the value to one in the text. */
export interface YamlText {
  readonly value: unknown
  /** Faults of the text itself: its syntax, and keys that stand twice. */
  readonly faults: readonly ManifestFault[]
  /** True when the text can't be understood, so that its value says nothing. */
  readonly isBroken: boolean
  /** A fault of the value, with line, column and what was found there. */
  locate(fault: SchemaFault): ManifestFault
}

/** Aliases may repeat a value, but not until the memory is full (billion laughs). */
const mostAliases = 100

/** Reads YAML 1.2 in its core schema: a date is text, and so is `yes`. */
export function readYaml(text: string): YamlText {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    version: '1.2',
    logLevel: 'silent',
  })
  const problems = [...document.errors, ...document.warnings]
  const { value, fault } = readValue(document)
  const faults = problems.map(problem => toFault(problem, lines))
  return {
    value,
    faults: fault === undefined ? faults : [...faults, { line: 1, column: 1, message: fault }],
    isBroken: fault !== undefined || problems.some(({ code }) => code !== 'DUPLICATE_KEY'),
    locate: located => locate(document, lines, text, located),
  }
}

function readValue(document: Document): { value?: unknown; fault?: string } {
  try {
    return { value: document.toJS({ maxAliasCount: mostAliases }) }
  } catch (error) {
    // The library throws a ReferenceError for an alias that leads nowhere or too far.
    if (!(error instanceof ReferenceError)) throw error
    return { fault: error.message }
  }
}

const words: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'stands twice: each name may be given once',
}

function toFault({ code, message, pos }: YAMLError, lines: LineCounter): ManifestFault {
  return { ...placeOf(lines, pos[0]), message: words[code] ?? message }
}

function locate(
  document: Document,
  lines: LineCounter,
  text: string,
  { path, message, at }: SchemaFault,
): ManifestFault {
  const { key, value } = find(document.contents, partsOf(path))
  const node = at === 'name' ? (key ?? value) : (value ?? key)
  const start = node?.range?.[0] ?? 0
  const found = at !== 'name' && isScalar(node) ? `; found ${sourceOf(node, text)}` : ''
  return { ...placeOf(lines, start), message: `${toName(path)} ${message}${found}` }
}

interface FoundNode {
  readonly key?: Node
  readonly value?: Node
}

/** The node at a path, or the deepest there is on the way to it. */
function find(contents: Node | null, parts: readonly string[]): FoundNode {
  let found: FoundNode = contents ? { value: contents } : {}
  for (const part of parts) {
    const next = stepInto(found.value, part)
    if (!next) return found
    found = next
  }
  return found
}

function stepInto(node: Node | undefined, part: string): FoundNode | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(part)]
    return isNode(item) ? { value: item } : undefined
  }
  if (!isMap(node)) return undefined
  const pair = node.items.find(one => isPair(one) && keyText(one) === part)
  return pair && toFoundNode(pair)
}

function toFoundNode({ key, value }: Pair): FoundNode {
  return { ...(isNode(key) ? { key } : {}), ...(isNode(value) ? { value } : {}) }
}

function keyText({ key }: Pair): string {
  return String(isScalar(key) ? key.value : key)
}

/** RFC 6901 §4 */
function partsOf(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** `/apps/web/command/0` as its writer thinks of it: `apps.web.command[0]`. */
function toName(path: string): string {
  const parts = partsOf(path)
  if (parts.length === 0) return 'the manifest'
  return parts.reduce((name, part) => {
    if (/^\d+$/.test(part)) return `${name}[${part}]`
    return name === '' ? part : `${name}.${part}`
  }, '')
}

const longestFound = 40

function sourceOf(node: Node, text: string): string {
  const [start = 0, end = start] = node.range ?? []
  const source = text.slice(start, end).trim()
  if (source === '') return 'nothing'
  return source.length > longestFound ? `${source.slice(0, longestFound)}…` : source
}

function placeOf(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}
