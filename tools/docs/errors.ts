import { readFileSync } from 'node:fs'
import { problemStatus } from '@steadfleet/protocol'
import { packageNames, sourcesOf } from '../sources.ts'
import { page, table } from './page.ts'

interface Use {
  readonly file: string
  readonly says: string | undefined
}

/** Every code of every package, where it is raised, what it says, and its status on the wire. */
export function makeErrors(): string {
  return page(
    'Errors',
    'the unions of error codes in packages/*/src, and the places that raise them',
    [
      'An expected error has a `code` that programs compare, and a message for people that begins',
      'with *cannot*. Words in angle brackets stand for facts of the case; they are in `details` too.',
      'Codes with a status cross the wire as RFC 9457 problems (`type` is the code); the others never',
      'leave the process that raised them, except as a line of its log or an event of a device.',
    ].join('\n'),
    table(['code', 'status', 'says', 'raised in'], rows()),
    '## Before anything is installed',
    'From `tools/bootstrap.mjs`, on `npm start` and `npm test`.',
    table(
      ['code', 'when'],
      bootstrapCodes().map(([code, when]) => [`\`${code}\``, when]),
    ),
  )
}

function bootstrapCodes(): [code: string, when: string][] {
  const codes: Record<string, string> = JSON.parse(
    readFileSync('tools/bootstrap/codes.json', 'utf8'),
  )
  return Object.entries(codes)
}

/** Codes that some union or table declares and no source names besides. */
export function raisedNowhere(): string[] {
  return [...codesAndUses()].flatMap(([code, uses]) => (uses.length === 0 ? [code] : []))
}

function codesAndUses(): Map<string, Use[]> {
  const sources = packageNames.flatMap(sourcesOf).map(file => ({ file, text: usesIn(file) }))
  const usesOfCode = (code: string) => sources.flatMap(({ file, text }) => usesOf(code, file, text))
  return new Map(declaredCodes().map(code => [code, usesOfCode(code)]))
}

function rows(): string[][] {
  return [...codesAndUses()].map(([code, uses]) => {
    const says = [...new Set(uses.flatMap(use => use.says ?? []))]
    const files = [...new Set(uses.map(use => use.file.replace(/^packages\/|src\//g, '')))]
    return [`\`${code}\``, statusOf(code), says.join('; '), files.join(', ')]
  })
}

function statusOf(code: string): string {
  const status: Readonly<Record<string, number>> = problemStatus
  return Object.hasOwn(status, code) ? String(status[code]) : ''
}

/** Codes of all unions named `…Code`, and those that only the table of statuses names. */
export function declaredCodes(): string[] {
  const inUnions = packageNames
    .flatMap(sourcesOf)
    .flatMap(file =>
      [...readFileSync(file, 'utf8').matchAll(unions)].flatMap(match => codesIn(match[0])),
    )
  return [...new Set([...inUnions, ...Object.keys(problemStatus)])].sort()
}

const unions = /^export type \w*Code =(?:\s*\|?\s*'[^']*')+/gm

function codesIn(text: string): string[] {
  return [...text.matchAll(/'([a-z-]+\/[a-z-]+)'/g)].map(match => match[1] ?? '')
}

/** A source without what only names codes: their unions, and tables that are keyed by them. */
function usesIn(file: string): string {
  return readFileSync(file, 'utf8')
    .replace(unions, '')
    .replace(/^\s*(?:'[a-z-]+\/[a-z-]+'|internal): .*$/gm, '')
}

/** Where `text` names the code, and the message beside it, or in the `message` just above. */
function usesOf(code: string, file: string, text: string): Use[] {
  return [...text.matchAll(new RegExp(`'${code}'`, 'g'))].map(({ index }) => {
    const beside = /^'[^']*',\s*/.exec(text.slice(index))?.[0].length ?? 0
    const above = text.slice(0, index).lastIndexOf('const message =')
    const says =
      literalAt(text.slice(index + beside)) ??
      (above < 0 ? undefined : literalAt(text.slice(above + 'const message ='.length, index)))
    return { file, says: says?.startsWith('cannot') ? toProse(says) : undefined }
  })
}

/** The string or template that a text begins with. */
function literalAt(text: string): string | undefined {
  const found =
    /^\s*(?:`((?:[^`\\$]|\\.|\$\{(?:[^{}`]|`[^`]*`)*\}|\$)*)`|'((?:[^'\\]|\\.)*)')/.exec(text)
  return found?.[1] ?? found?.[2]
}

/** A template's holes, each as the word that fills it. */
function toProse(template: string): string {
  return template.replace(
    /\$\{((?:[^{}]|\{[^{}]*\})*)\}/g,
    (_, hole: string) => `‹${wordOf(hole)}›`,
  )
}

/** `held.version` is a version, `text.trim()` a text; a hole that chooses between texts is left open. */
function wordOf(hole: string): string {
  if (/['`]/.test(hole)) return '…'
  const subject = hole.replace(/\.\w+\([^)]*\)/g, '')
  return subject.match(/[a-zA-Z]\w*/g)?.at(-1) ?? '…'
}
