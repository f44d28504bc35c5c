import { interfaceNames } from '@steadfleet/confine'
import { Manifest } from '@steadfleet/domain'

/** The JSON Schema of `steadfleet.yaml`, by which editors complete it. */
export function makeManifestSchema(): string {
  const { title: _, ...schema } = JSON.parse(JSON.stringify(Manifest))
  const request = schema.properties.interfaces.items.properties.interface
  request.enum = interfaceNames
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'steadfleet.yaml',
    description: 'Printed by `npm run docs` from packages/domain/src/manifest.ts.',
  }
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`
}
