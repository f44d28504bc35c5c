import { readFileSync } from 'node:fs'
import { toOpenApi } from '@steadfleet/protocol'

/** Every route as an OpenAPI 3.1 document: what the server answers at `/v1/openapi.json`. */
export function makeOpenApi(): string {
  const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'))
  return `${JSON.stringify(toOpenApi(version), null, 2)}\n`
}
