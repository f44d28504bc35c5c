import { readFileSync } from 'node:fs'
import { pure } from '../architecture.ts'
import { allowedImports, packageNames } from '../sources.ts'

const begin = '<!-- diagram: printed by `npm run docs` from tools/architecture.ts -->'
const end = '<!-- end of diagram -->'

/** The page as it is, with its diagram drawn anew. */
export function makeArchitecture(): string {
  const text = readFileSync('docs/architecture.md', 'utf8')
  const [before = '', rest = ''] = text.split(begin)
  const after = rest.split(end)[1] ?? ''
  return [before, begin, '\n\n', diagram(), '\n\n', end, after].join('')
}

/** Arrows that another path implies are left out: what remains is who stands on whom. */
function diagram(): string {
  const boxes = packageNames.map(
    name => `  ${name}${pure.includes(name) ? `(${name})` : `[[${name}]]`}`,
  )
  const arrows = packageNames.flatMap(name => directOf(name).map(to => `  ${name} --> ${to}`))
  return ['```mermaid', 'flowchart BT', ...boxes, ...arrows, '```'].join('\n')
}

function directOf(name: string): string[] {
  const inner = innerOf(name)
  return inner.filter(to => !inner.some(other => other !== to && reaches(other, to)))
}

function reaches(from: string, to: string): boolean {
  const inner = innerOf(from)
  return inner.includes(to) || inner.some(next => reaches(next, to))
}

function innerOf(name: string): string[] {
  return (allowedImports[name] ?? []).filter(other => packageNames.includes(other))
}
