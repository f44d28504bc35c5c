import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import {
  allowedImports,
  linesOf,
  packageNames,
  sourcesOf,
  testsOf,
  withoutComments,
} from './sources.ts'

if (import.meta.main) printNumbers()

/** Prints who may import whom, and the figures that a review looks at. Nothing here is asserted. */
export function printNumbers(): void {
  console.log('\nWho may import whom')
  for (const name of packageNames) {
    console.log(`  ${name.padEnd(10)} ${allowedImports[name]?.join(' ') || '–'}`)
  }
  console.log('\nPublic names, source lines, test lines')
  for (const name of packageNames) console.log(`  ${name.padEnd(10)} ${sizesOf(name)}`)
  console.log('\nFigures')
  for (const [label, figure] of figures()) console.log(`  ${label.padEnd(34)} ${figure}`)
}

function sizesOf(name: string): string {
  const index = `packages/${name}/src/index.ts`
  const names = existsSync(index) ? String(publicNames(index).size) : '–'
  const lines = [sourcesOf(name), testsOf(name)].map(totalLines)
  return [names, ...lines].map(cell => String(cell).padStart(6)).join(' ')
}

function figures(): [label: string, figure: string | number][] {
  const files = packageNames.flatMap(sourcesOf).filter(file => !file.includes('/generated/'))
  const sizes = files.map(linesOf).sort((a, b) => a - b)
  const source = totalLines(files)
  const code = files.map(withoutStrings).join('\n')
  const perThousand = (pattern: RegExp): string =>
    (((code.match(pattern) ?? []).length / source) * 1000).toFixed(2)
  return [
    ['files over 300 lines', listed(files.filter(file => linesOf(file) > 300))],
    ['functions over 30 lines', listed(longFunctions())],
    ['`any` per 1,000 lines', perThousand(/[:<|&]\s*any\b|\bas any\b/g)],
    [
      '`as` per 1,000 lines',
      perThousand(/^(?!\s*(?:im|ex)port\b).*?[\w)\]}] as (?!const\b)[A-Za-z{[(]/gm),
    ],
    ['`!` per 1,000 lines', perThousand(/[\w)\]]!(?=[.;,)\]\s[])(?!=)/g)],
    ['suppressions per 1,000 lines', perThousandIn(files, /biome-ignore|@ts-(?:ignore|expect)/g)],
    ['file size, median and 90th percentile', `${at(sizes, 0.5)} and ${at(sizes, 0.9)}`],
    ['runtime dependencies', listed([...runtimeDependencies()].sort())],
    ['lines of trust', totalLines(sourcesOf('trust'))],
    ['test lines per source line', (totalLines(packageNames.flatMap(testsOf)) / source).toFixed(2)],
  ]
}

/** Names that leave a package by its index, followed through every `export … from` inside it. */
export function publicNames(file: string): Set<string> {
  const text = withoutComments(file)
  const declared = text.matchAll(
    /^export (?:declare )?(?:async )?(?:abstract )?(?:const|let|function\*?|class|type|interface) (\w+)/gm,
  )
  const listedNames = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(match =>
    (match[1] ?? '').split(',').map(name => name.trim().replace(/^type |.* as /, '')),
  )
  const through = [...text.matchAll(/^export \* from '(\.[^']+)'/gm)].flatMap(match => [
    ...publicNames(join(dirname(file), match[1] ?? '')),
  ])
  const names = [...[...declared].map(match => match[1] ?? ''), ...listedNames, ...through]
  return new Set(names.filter(name => name !== ''))
}

function runtimeDependencies(): Set<string> {
  const all = packageNames.flatMap(name => {
    const text = readFileSync(`packages/${name}/package.json`, 'utf8')
    return Object.keys(JSON.parse(text).dependencies ?? {})
  })
  return new Set(all.filter(name => !name.startsWith('@steadfleet/')))
}

/** Biome measures functions; its own limit, above which it stops us, is 40. */
function longFunctions(): string[] {
  const { stdout } = spawnSync(
    'node_modules/.bin/biome',
    [
      'lint',
      '--config-path=tools/numbers.biome.json',
      '--reporter=json',
      '--max-diagnostics=none',
      'packages',
    ],
    { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  )
  const found = JSON.parse(stdout || '{"diagnostics":[]}').diagnostics as {
    location: { path: string; start: { line: number } }
  }[]
  return found
    .map(({ location }) => `${location.path}:${location.start.line}`)
    .filter(place => !/\.test\.tsx?:|\/(testing|dist)\//.test(place))
}

function perThousandIn(files: readonly string[], pattern: RegExp): string {
  const found = files.flatMap(file => readFileSync(file, 'utf8').match(pattern) ?? [])
  return ((found.length / totalLines(files)) * 1000).toFixed(2)
}

function withoutStrings(file: string): string {
  return withoutComments(file).replace(/'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''")
}

function totalLines(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + linesOf(file), 0)
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.floor((sorted.length - 1) * share)] ?? 0
}

function listed(items: readonly string[]): string {
  return items.length === 0 ? '0' : `${items.length}: ${items.join(' ')}`
}
