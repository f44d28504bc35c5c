import { Lock } from '@steadfleet/evidence'

/** The JSON Schema of `steadfleet.lock`. */
export function makeLockSchema(): string {
  const { title: _, ...schema } = JSON.parse(JSON.stringify(Lock))
  const head = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'steadfleet.lock',
    description: 'Printed by `npm run docs` from packages/evidence/src/lock.ts.',
  }
  return `${JSON.stringify({ ...head, ...schema }, null, 2)}\n`
}
