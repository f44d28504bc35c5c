import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { digestOf, toHexDigest, toUtf8 } from '@steadfleet/base'
import type { Archive } from './archive.ts'
import { type DebianPackage, parseIndex, parseRelations } from './control.ts'
import { parseWanted, resolvePackages } from './resolve.ts'

const index = parseIndex(`
${stanza('broker', '2', 'Depends: libc (>= 2), tls | tls-old, mta, adduser | sysusers')}

${stanza('broker', '1', 'Depends: libc')}

${stanza('libc', '2.36', 'Pre-Depends: gcc-base (= 12)')}

${stanza('gcc-base', '13', '')}

${stanza('gcc-base', '12', 'Source: gcc-12 (12.2-14)')}

${stanza('tls-old', '1', '')}

${stanza('postfix', '3', 'Provides: mta')}

${stanza('exim', '4', 'Provides: mta (= 4)')}

${stanza('adduser', '3', 'Depends: passwd')}

${stanza('round', '1', 'Depends: trip')}

${stanza('trip', '1', 'Depends: round')}

${stanza('broken', '1', 'Depends: libc (>> 99) | nothing')}

Package: installed-only
Version: 1
Architecture: amd64
Status: install ok installed
`)

const rows: [what: string, wanted: string[], stopAt: string[], got: string[] | { code: string }][] =
  [
    [
      'follows dependencies: the first alternative to be had, a provider, a version that fits',
      ['broker'],
      ['adduser'],
      ['broker 2', 'exim 4', 'gcc-base 12', 'libc 2.36', 'tls-old 1'],
    ],
    [
      'takes the version that was asked for',
      ['broker=1'],
      [],
      ['broker 1', 'gcc-base 12', 'libc 2.36'],
    ],
    [
      'takes no other provider where one was asked for',
      ['broker', 'postfix'],
      ['adduser'],
      ['broker 2', 'gcc-base 12', 'libc 2.36', 'postfix 3', 'tls-old 1'],
    ],
    ['comes to an end where packages depend on each other', ['round'], [], ['round 1', 'trip 1']],
    ['refuses what no list has', ['installed-only'], [], { code: 'debian/unknown-package' }],
    ['refuses a version that is gone', ['broker=1.5'], [], { code: 'debian/version-gone' }],
    ['refuses a dependency that nothing satisfies', ['broken'], [], { code: 'debian/unsatisfied' }],
    [
      'refuses a pinned version that another does not fit',
      ['libc', 'gcc-base=13'],
      [],
      { code: 'debian/unsatisfied' },
    ],
  ]

describe('the resolver', () => {
  for (const [what, wanted, stopAt, got] of rows) {
    test(what, async () => {
      const resolving = resolvePackages(archive, wanted.map(parseWanted), {
        follow: true,
        stopAt: new Set(stopAt),
      })
      if (!Array.isArray(got)) return assert.rejects(resolving, got)
      assert.deepEqual(
        (await resolving).map(({ name, version }) => `${name} ${version}`),
        got,
      )
    })
  }

  test('follows nothing where it is told so', async () => {
    const following = { follow: false, stopAt: new Set<string>() }
    const got = await resolvePackages(archive, [{ name: 'broker' }], following)
    assert.deepEqual(
      got.map(({ name }) => name),
      ['broker'],
    )
  })

  test('tells the versions to be had where one is gone', async () => {
    const following = { follow: true, stopAt: new Set<string>() }
    await assert.rejects(resolvePackages(archive, [parseWanted('broker=1.5')], following), {
      details: { package: 'broker', versions: ['2', '1'] },
    })
  })
})

test('a package tells its source package and that one’s version', () => {
  const [twelve] = index.filter(({ name, version }) => name === 'gcc-base' && version === '12')
  assert.equal(`${twelve?.source} ${twelve?.sourceVersion}`, 'gcc-12 12.2-14')
})

test('relations are read with architectures and without sense', () => {
  assert.deepEqual(parseRelations('a:any (>= 1.0~) | b, , ?!odd, c'), [
    [{ name: 'a', relation: '>=', version: '1.0~' }, { name: 'b' }],
    [{ name: 'c' }],
  ])
})

const archive: Archive = {
  versionsOf: async names =>
    new Map(
      names.flatMap(name => {
        const versions = index.filter(one => one.name === name)
        return versions.length === 0 ? [] : [[name, versions] as [string, DebianPackage[]]]
      }),
    ),
  providersOf: async name =>
    index.filter(one => one.provides.some(it => it.name === name)).map(one => one.name),
  download: async () => undefined,
  update: async () => false,
}

function stanza(name: string, version: string, more: string): string {
  const hex = toHexDigest(digestOf(toUtf8(name + version)))
  const fields = [
    `Package: ${name}`,
    `Version: ${version}`,
    'Architecture: amd64',
    'Filename: pool/x.deb',
    'Size: 100',
    `SHA256: ${hex}`,
    'Description: words',
    ' folded (>= 1) line',
    more,
  ]
  return fields.filter(Boolean).join('\n')
}
