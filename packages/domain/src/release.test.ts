import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseReleaseRecord, releasePath } from './index.ts'

const object = { digest: `sha256:${'0'.repeat(64)}`, length: 1 }
const record = {
  type: 'release',
  format: 1,
  package: 'acme/greenhouse',
  version: '1.0',
  revision: 3,
  architecture: 'amd64',
  tree: object,
  size: 10,
  behaviour: { apps: { web: { command: ['bin/web'] } } },
  sbom: object,
  provenance: object,
  'support-end': '2031-12-31',
  'security-contact': 'mailto:security@acme.example',
}

test('a release is named in the catalogue by package, revision and architecture', () => {
  assert.equal(releasePath(parseReleaseRecord(record)), 'acme/greenhouse/3/amd64')
})

const read: [what: string, members: object][] = [
  ['as it is', {}],
  ['with a member of a later format', { later: true }],
  ['with a deeper one', { behaviour: { apps: { web: { command: ['bin/web'], later: 1 } } } }],
  ['with a critical member that is known', { floor: 2, critical: ['floor'] }],
]
for (const [what, members] of read) {
  test(`a record ${what} is read`, () => {
    assert.deepEqual(parseReleaseRecord({ ...record, ...members }), { ...record, ...members })
  })
}

const refused: [what: string, members: object][] = [
  ['with a critical member that is unknown', { later: true, critical: ['later'] }],
  ['of a later format', { format: 2 }],
  ['of revision 0', { revision: 0 }],
  ['of a revision that is no integer', { revision: 2 ** 53 }],
  ['of another processor', { architecture: 'mips' }],
  ['with a digest in upper case', { tree: { ...object, digest: object.digest.toUpperCase() } }],
  ['of a negative length', { tree: { ...object, length: -1 } }],
  ['without an app', { behaviour: { apps: {} } }],
  ['with an app named as a path', { behaviour: { apps: { '../x': { command: ['a'] } } } }],
]
for (const [what, members] of refused) {
  test(`a record ${what} is refused`, () => {
    assert.throws(() => parseReleaseRecord({ ...record, ...members }), { code: 'schema/mismatch' })
  })
}
