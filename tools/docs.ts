import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeArchitecture } from './docs/architecture.ts'
import { makeCommands } from './docs/commands.ts'
import { makeConfiguration } from './docs/configuration.ts'
import { makeErrors } from './docs/errors.ts'
import { makeEscapes } from './docs/escapes.ts'
import { makeHygiene } from './docs/hygiene.ts'
import { makeInterfaces } from './docs/interfaces.ts'
import { makeLockSchema } from './docs/lock-schema.ts'
import { makeManifestSchema } from './docs/manifest-schema.ts'
import { makeAsyncApi, makeNotices } from './docs/notices.ts'
import { makeOpenApi } from './docs/openapi.ts'
import { makePermissions } from './docs/permissions.ts'
import { makeRoutes } from './docs/routes.ts'
import { makeStates } from './docs/states.ts'

/** A document that is printed from the sources. */
export interface GeneratedDocument {
  readonly file: string
  readonly make: () => string | Promise<string>
}

/** Every generated document; `docs.test.ts` holds each to what is committed. */
export const documents: readonly GeneratedDocument[] = [
  { file: 'docs/architecture.md', make: makeArchitecture },
  { file: 'docs/reference/errors.md', make: makeErrors },
  { file: 'docs/reference/routes.md', make: makeRoutes },
  { file: 'docs/reference/permissions.md', make: makePermissions },
  { file: 'docs/reference/states.md', make: makeStates },
  { file: 'docs/reference/interfaces.md', make: makeInterfaces },
  { file: 'docs/reference/hygiene.md', make: makeHygiene },
  { file: 'docs/reference/cli.md', make: makeCommands },
  { file: 'docs/reference/configuration.md', make: makeConfiguration },
  { file: 'docs/reference/openapi.json', make: makeOpenApi },
  { file: 'docs/reference/notices.md', make: makeNotices },
  { file: 'docs/reference/asyncapi.json', make: makeAsyncApi },
  { file: 'docs/reference/manifest.schema.json', make: makeManifestSchema },
  { file: 'docs/reference/lock.schema.json', make: makeLockSchema },
  { file: 'docs/evidence/escapes.md', make: makeEscapes },
]

if (import.meta.main) {
  for (const { file, make } of documents) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, await make())
    console.log(file)
  }
}
