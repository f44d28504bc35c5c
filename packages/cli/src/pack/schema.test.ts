import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { parse } from 'yaml'
import { readManifest } from './index.ts'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const schema = JSON.parse(readFileSync(`${root}docs/reference/manifest.schema.json`, 'utf8'))
const validate = new Ajv2020({ strict: false, allErrors: true }).compile(schema)

for (const file of globSync('examples/**/steadfleet*.yaml', { cwd: root })) {
  test(`${file} is a manifest by the reader and by the published JSON Schema`, async () => {
    await readManifest(root + file)
    assert.ok(validate(parse(readFileSync(root + file, 'utf8'))), JSON.stringify(validate.errors))
  })
}

test('the published JSON Schema refuses an unknown key and an unknown interface', () => {
  const manifest = parse(readFileSync(`${root}examples/nginx/steadfleet.yaml`, 'utf8'))
  assert.ok(!validate({ ...manifest, colour: 'red' }))
  assert.ok(!validate({ ...manifest, interfaces: [{ interface: 'teleport' }] }))
})
