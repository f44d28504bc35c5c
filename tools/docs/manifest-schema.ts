import { interfaces } from '@steadfleet/confine'
import { InterfaceRequest, Manifest } from '@steadfleet/domain'

/** The JSON Schema of `steadfleet.yaml`, by which editors complete it. */
export function makeManifestSchema(): string {
  const { title: _, ...schema } = JSON.parse(JSON.stringify(Manifest))
  schema.properties.interfaces.items = { anyOf: requests() }
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'steadfleet.yaml',
    description: 'Printed by `npm run docs` from packages/domain/src/manifest.ts.',
  }
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`
}

/** One alternative for each interface: its name, and the members that it reads. */
function requests(): object[] {
  const { properties } = JSON.parse(JSON.stringify(InterfaceRequest))
  return Object.entries(interfaces).map(([name, { opens, members }]) => ({
    type: 'object',
    description: opens,
    properties: { ...properties, interface: { const: name }, ...members.properties },
    required: ['interface', ...(members.required ?? [])],
    additionalProperties: false,
  }))
}
