import { globSync, readFileSync } from 'node:fs'
import { architecture } from './architecture.ts'

/** Every package, the innermost first. */
export const packageNames: readonly string[] = Object.keys(architecture)

/** What each package may import, by name. */
export const allowedImports: Readonly<Record<string, readonly string[]>> = architecture

/** The files of a package that are shipped: its sources without its tests. */
export function sourcesOf(name: string): string[] {
  return filesOf(name).filter(file => !isTest(file))
}

/** The tests of a package, and what only they use. */
export function testsOf(name: string): string[] {
  return filesOf(name).filter(isTest)
}

function filesOf(name: string): string[] {
  return globSync(`packages/${name}/src/**/*.{ts,tsx}`).sort()
}

function isTest(file: string): boolean {
  return /\.test\.tsx?$|\/testing\//.test(file)
}

export function withoutComments(file: string): string {
  return readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
}

/** What a file imports, as it names it. */
export function importsOf(file: string): string[] {
  const text = withoutComments(file)
  const froms = text.matchAll(/^\s*(?:import|export)\b[^'"`;]*?from\s+'([^']+)'/gm)
  const bare = text.matchAll(/^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm)
  return [...froms, ...bare]
    .map(match => match[1] ?? match[2] ?? '')
    .filter(target => !target.endsWith('.css'))
}

export function linesOf(file: string): number {
  return readFileSync(file, 'utf8').split('\n').length - 1
}
