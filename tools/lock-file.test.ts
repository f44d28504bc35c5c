import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'

interface Entry {
  readonly version?: string
  readonly integrity?: string
  readonly optional?: boolean
  readonly link?: boolean
  readonly resolved?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock: { readonly packages: Readonly<Record<string, Entry>> } = JSON.parse(
  readFileSync('package-lock.json', 'utf8'),
)
const installed = Object.entries(lock.packages).filter(([path]) => path.startsWith('node_modules/'))

for (const file of ['package.json', ...globSync('packages/*/package.json')].sort()) {
  test(`the lock file knows what ${file} asks for (else: npm install)`, () => {
    const asked: Entry = JSON.parse(readFileSync(file, 'utf8'))
    const held = lock.packages[file === 'package.json' ? '' : dirname(file)]
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const) {
      assert.deepEqual(held?.[kind] ?? {}, asked[kind] ?? {})
    }
  })
}

test('every package that is installed here is held by its integrity', () => {
  const loose = installed.filter(
    ([, { integrity, link, optional }]) => !integrity && !link && !optional,
  )
  assert.deepEqual(loose, [])
})

// A registry that lacks a package of another platform makes npm leave it out, and then `npm ci`
// refuses the lock file everywhere.
test('every package of another platform has its entry', () => {
  const missing = installed.flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      name =>
        !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`],
    ),
  )
  assert.deepEqual(missing, [])
})

test('every version is exact', () => {
  const loose = ['package.json', ...globSync('packages/*/package.json')].flatMap(file => {
    const { dependencies, devDependencies, optionalDependencies }: Entry = JSON.parse(
      readFileSync(file, 'utf8'),
    )
    const all = { ...dependencies, ...devDependencies, ...optionalDependencies }
    return Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
  })
  assert.deepEqual(loose, [])
})

test('the lock file names no host', () => {
  assert.ok(!installed.some(([, { resolved }]) => resolved?.includes('://')))
})
