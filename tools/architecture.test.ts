import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { pure, pureNodeImports } from './architecture.ts'
import { allowedImports, importsOf, packageNames, sourcesOf, withoutComments } from './sources.ts'

/** Ways to the world that need no import. In a pure package each is an argument instead. */
const worldly =
  /\b(process\.|Date\.now\(|new Date\(\)|Math\.random\(|setTimeout\(|setInterval\()|(?<![.\w])fetch\((?!\w+\??:)/

for (const [name, allowed] of Object.entries(allowedImports)) {
  describe(name, () => {
    test(`imports only ${allowed.join(', ') || 'itself'}`, () => {
      assert.deepEqual(trespasses(name, allowed), [])
    })
    test('stands below all that it imports', () => {
      const inner = allowed.filter(other => packageNames.includes(other))
      assert.deepEqual(
        inner.filter(other => packageNames.indexOf(other) > packageNames.indexOf(name)),
        [],
      )
    })
    test('declares in package.json what it imports, and nothing else', () => {
      assert.deepEqual(declared(name), [...allowed].filter(isUsed(name)).map(toImport).sort())
    })
    test('begins with a README', () => {
      assert.ok(existsSync(resolve('packages', name, 'README.md')))
    })
  })
}

test('every package has a row', () => {
  const found = globSync('packages/*/package.json').map(path => path.split('/')[1]!)
  assert.deepEqual(found.sort(), [...packageNames].sort())
})

for (const name of pure) {
  test(`${name} reaches the world by its arguments alone`, () => {
    const found = sourcesOf(name).filter(file => worldly.test(withoutComments(file)))
    assert.deepEqual(found, [])
  })
}

test('trust stays small enough for one auditor’s day', () => {
  const lines = sourcesOf('trust').flatMap(file => readFileSync(file, 'utf8').split('\n'))
  assert.ok(lines.length < 2500, `trust has ${lines.length} lines`)
})

function trespasses(name: string, allowed: readonly string[]): string[] {
  const home = resolve('packages', name)
  return sourcesOf(name).flatMap(file =>
    importsOf(file)
      .filter(target => !mayImport(name, home, file, target, allowed))
      .map(target => `${file} imports ${target}`),
  )
}

function mayImport(
  name: string,
  home: string,
  file: string,
  target: string,
  allowed: readonly string[],
): boolean {
  if (target.startsWith('.')) return resolve(dirname(file), target).startsWith(`${home}/`)
  if (target.startsWith('node:')) return !pure.includes(name) || pureNodeImports.includes(target)
  return allowed.includes(toPackage(target))
}

function isUsed(name: string): (allowed: string) => boolean {
  const used = new Set(sourcesOf(name).flatMap(importsOf).map(toPackage))
  return allowed => used.has(allowed)
}

function declared(name: string): string[] {
  const text = readFileSync(resolve('packages', name, 'package.json'), 'utf8')
  return Object.keys(JSON.parse(text).dependencies ?? {}).sort()
}

function toImport(name: string): string {
  return packageNames.includes(name) ? `@steadfleet/${name}` : name
}

function toPackage(target: string): string {
  const parts = target.replace('@steadfleet/', '').split('/')
  return parts
    .slice(0, target.startsWith('@') && !target.startsWith('@steadfleet/') ? 2 : 1)
    .join('/')
}
