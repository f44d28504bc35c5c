import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toUtf8 } from '@steadfleet/base'
import { ManifestError, parseManifest, readManifest } from './index.ts'

const rest = `
support-end: 2030-01-31
security-contact: mailto:security@acme.example
`
const good = `name: web
publisher: acme
version: '1.0'
architectures: [amd64]
sources: [{ directory: app }]
apps:
  web:
    command: [bin/web]
${rest}`

const networkTo = (endpoints: string) =>
  `${good}interfaces:\n  - interface: network\n    endpoints: [${endpoints}]\n`

/** `faults` are LINE:COLUMN of each, and what its message must hold. */
const rows: [what: string, text: string, faults: [place: string, words: RegExp][]][] = [
  ['an unknown key', `${good}colour: red\n`, [['12:1', /^colour is not known here; known: name/]]],
  [
    'a wrong type',
    good.replace("'1.0'", '1.0'),
    [['3:10', /^version must be a string, not a (whole )?number; found 1\.0$/]],
  ],
  [
    'two apps of one name',
    good.replace('apps:\n', 'apps:\n  web: { command: [bin/other] }\n'),
    [['8:3', /stands twice/]],
  ],
  [
    'an unknown interface',
    `${good}interfaces:\n  - interface: teleport\n`,
    [['13:16', /^interfaces\[0\]\.interface must be one of .*network.*; found teleport$/]],
  ],
  [
    'a wildcard among the hosts',
    `${good}interfaces:\n  - interface: network\n    endpoints: [{ host: '*.a.example', port: 1 }]\n`,
    [['14:17', /^interfaces\[0\]\.endpoints\[0\] is refused: .*wildcards/]],
  ],
  [
    'a host that is none',
    networkTo("{ host: 'a.example;reboot', port: 1 }"),
    [['14:17', /^interfaces\[0\]\.endpoints\[0\] is refused: cannot allow "a\.example;reboot"/]],
  ],
  [
    'a host that is the device itself',
    networkTo('{ host: localhost, port: 1 }, { host: 127.0.0.1, port: 1 }'),
    [
      ['14:17', /^interfaces\[0\]\.endpoints\[0\] is refused/],
      ['14:47', /^interfaces\[0\]\.endpoints\[1\] is refused/],
    ],
  ],
  [
    'ports upside down',
    networkTo("{ host: a.example.com, port: '90-80' }"),
    [['14:17', /ends before it begins/]],
  ],
  [
    '10,000 endpoints',
    networkTo('{ host: a.example.com, port: 1 }, '.repeat(10_000)),
    [['14:16', /at most 1000/]],
  ],
  [
    'a network without endpoints',
    `${good}interfaces:\n  - interface: network\n`,
    [['13:5', /^interfaces\[0\] must say more: list its endpoints/]],
  ],
  [
    'an unknown restart policy',
    good.replace('    command', '    restart: often\n    command'),
    [['8:14', /apps\.web\.restart must be one of always, on-failure, never; found often/]],
  ],
  [
    'many faults',
    good.replace('acme', 'Acme Inc').replace('[amd64]', '[riscv]').replace('web:\n', 'Web App:\n'),
    [
      ['2:12', /publisher must match/],
      ['4:17', /architectures\[0\] must be one of amd64, arm64; found riscv/],
      ['7:3', /apps\.Web App must have a name/],
    ],
  ],
  ['a version of two lines', good.replace("'1.0'", '"1\\n0"'), [['3:10', /version must match/]]],
  ['a missing member', good.replace(/^publisher.*\n/m, ''), [['1:1', /must have publisher/]]],
  ['no manifest at all', '', [['1:1', /must be an object/]]],
  ['a list', '- a\n- b\n', [['1:1', /must be an object/]]],
  ['no YAML', 'name: [unclosed\nversion: x: y\n', [['1:1', /./]]],
  [
    'a program outside the tree',
    good.replace('bin/web', '../bin/web'),
    [['8:15', /apps\.web\.command\[0\] must be a path inside the tree/]],
  ],
]

describe('a manifest', () => {
  test('without a fault is read', () => {
    const manifest = parseManifest(toUtf8(good), 'steadfleet.yaml')
    assert.equal(manifest['support-end'], '2030-01-31')
  })

  for (const [what, text, faults] of rows) {
    test(`with ${what} is refused with line and column`, () => {
      const error = refusalOf(text)
      assert.equal(error.code, 'manifest/fault')
      if (what === 'no YAML') return assert.ok(error.faults.length > 0)
      assert.deepEqual(
        error.faults.map(({ line, column }) => `${line}:${column}`),
        faults.map(([place]) => place),
        error.message,
      )
      for (const [i, [, words]] of faults.entries()) {
        assert.match(error.faults[i]?.message ?? '', words)
      }
    })
  }

  test('that repeats itself without end is refused', () => {
    const laughs = ['a: &a [x,x]', 'b: &b [*a,*a]', 'c: &c [*b,*b]', 'd: &d [*c,*c]']
    const more = Array.from({ length: 20 }, (_, i) => `k${i}: [*d,*d,*d,*d,*d,*d,*d,*d]`)
    const error = refusalOf([...laughs, ...more].join('\n'))
    assert.equal(error.code, 'manifest/fault')
  })

  test('that is not UTF-8 is refused', () => {
    const bytes = new Uint8Array([0x6e, 0xff, 0xfe])
    assert.throws(() => parseManifest(bytes, 'x.yaml'), { code: 'manifest/fault' })
  })

  test('that is not there is refused by another code', async () => {
    await assert.rejects(readManifest('/nowhere/steadfleet.yaml'), { code: 'manifest/missing' })
  })
})

function refusalOf(text: string): ManifestError {
  try {
    parseManifest(toUtf8(text), 'steadfleet.yaml')
  } catch (error) {
    if (error instanceof ManifestError) return error
    throw error
  }
  throw new Error('it was not refused')
}
