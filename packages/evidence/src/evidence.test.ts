import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { digestOf, fromUtf8, parseStrictJson, toUtf8 } from '@steadfleet/base'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { type Component, makeProvenance } from './index.ts'
import { makeSbom, type SbomSubject } from './sbom.ts'

const digest = digestOf(toUtf8('x'))
const subject: SbomSubject = {
  package: 'acme/broker',
  version: '1.0 beta',
  revision: 3,
  architecture: 'amd64',
  tree: digest,
}
const components: readonly Component[] = [
  {
    kind: 'debian',
    name: 'libstdc++6',
    version: '1:12.2.0-14+deb12u1',
    architecture: 'amd64',
    source: 'gcc-12',
    sourceVersion: '12.2.0-14+deb12u1',
    vendor: 'debian',
    distribution: 'bookworm',
    digest,
  },
  { kind: 'npm', name: '@scope/pad', version: '1.2.3', license: 'MIT' },
  { kind: 'npm', name: 'left', version: '1.0.0', integrity: `sha512-${'A'.repeat(86)}==` },
  { kind: 'file', path: 'srv/ä b/app.js', digest },
]

describe('an SBOM', () => {
  const validate = cycloneDxValidator('1.6')

  test('is valid against the CycloneDX schema', () => {
    for (const parts of [components, []]) {
      const bom = JSON.parse(fromUtf8(makeSbom(subject, parts)))
      assert.ok(validate(bom), JSON.stringify(validate.errors))
    }
    assert.ok(!validate({ bomFormat: 'CycloneDX', specVersion: '1.6', components: [{}] }))
  })

  test('names packages by their package URLs, and source packages', () => {
    const bom = JSON.parse(fromUtf8(makeSbom(subject, components)))
    const urls = bom.components.map((component: { purl?: string }) => component.purl)
    assert.deepEqual(urls.toSorted(), [
      'pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14+deb12u1?arch=amd64&distro=bookworm',
      'pkg:npm/%40scope/pad@1.2.3',
      'pkg:npm/left@1.0.0',
      undefined,
    ])
    assert.match(JSON.stringify(bom), /"steadfleet:debian:source","value":"gcc-12"/)
  })

  test('is the same bytes in whatever order its components come, and however often', () => {
    const one = makeSbom(subject, components)
    assert.deepEqual(makeSbom(subject, components.toReversed()), one)
    assert.deepEqual(makeSbom(subject, [...components, ...components]), one)
    const bom = JSON.parse(fromUtf8(one))
    assert.equal(bom.metadata.timestamp, undefined)
    assert.match(
      bom.serialNumber,
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-/,
    )
  })

  test('says when the sources were made, if that is known', () => {
    const timestamp = new Date('2026-01-02T03:04:05Z')
    const bom = JSON.parse(fromUtf8(makeSbom({ ...subject, timestamp }, [])))
    assert.equal(bom.metadata.timestamp, '2026-01-02T03:04:05.000Z')
  })
})

describe('provenance', () => {
  test('is an in-toto statement that names tree, inputs and commit by digest', () => {
    const bytes = makeProvenance({
      release: 'acme/broker/3/amd64',
      tree: digest,
      sbom: digest,
      manifest: digest,
      builder: { id: 'https://example.test/builder', version: '0.1.0' },
      command: ['steadfleet', 'pack'],
      inputs: [{ name: 'config', digest }],
      commit: { commit: 'a'.repeat(40), isClean: false },
      lock: digest,
    })
    const hex = digest.slice(7)
    assert.deepEqual(parseStrictJson(bytes), {
      _type: 'https://in-toto.io/Statement/v1',
      subject: [
        { name: 'acme/broker/3/amd64', digest: { sha256: hex } },
        { name: 'acme/broker/3/amd64#sbom', digest: { sha256: hex } },
      ],
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          buildType: 'https://steadfleet.dev/build/pack/v1',
          externalParameters: {
            command: ['steadfleet', 'pack'],
            manifest: { sha256: hex },
            release: 'acme/broker/3/amd64',
          },
          resolvedDependencies: [
            {
              name: 'repository',
              digest: { gitCommit: 'a'.repeat(40) },
              annotations: { changed: 'yes' },
            },
            { name: 'config', digest: { sha256: hex } },
          ],
        },
        runDetails: {
          builder: { id: 'https://example.test/builder', version: { steadfleet: '0.1.0' } },
          byproducts: [{ name: 'steadfleet.lock', digest: { sha256: hex } }],
        },
      },
    })
  })
})

function cycloneDxValidator(version: string): ReturnType<Ajv['compile']> {
  const library = fileURLToPath(import.meta.resolve('@cyclonedx/cyclonedx-library/package.json'))
  const schemas = join(dirname(library), 'res', 'schema')
  const schema = (name: string) =>
    JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), 'utf8'))
  const ajv = new Ajv({ strict: false, allErrors: true })
  // @ts-expect-error The package is CommonJS; its default is the function itself.
  addFormats(ajv)
  for (const name of ['iri-reference', 'idn-email']) ajv.addFormat(name, true)
  for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs']) {
    const key = `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`
    ajv.addSchema({ ...schema(name), $id: key })
  }
  return ajv.compile(schema(`bom-${version}`))
}
