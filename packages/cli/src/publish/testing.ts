import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listReleases } from '@steadfleet/protocol'
import type { ServedFleet } from '../fleet/testing.ts'

/** Writes the folder of a package `acme/hub` that is one file. */
export function writeHub(folder: string): void {
  mkdirSync(join(folder, 'app'), { recursive: true })
  writeFileSync(join(folder, 'app/page'), 'hello\n', { mode: 0o755 })
  const manifest = `name: hub
publisher: acme
version: 1.0.0
summary: One file
architectures: [amd64]
sources:
  - directory: app
    to: srv
apps:
  web: { command: [srv/page] }
support-end: 2029-12-31
security-contact: mailto:security@acme.example
`
  writeFileSync(join(folder, 'steadfleet.yaml'), manifest)
}

/** The revisions of the hub that the server has. */
export async function revisionsOf({ fleet }: ServedFleet): Promise<number[]> {
  const releases = await fleet.client.call(listReleases, {
    query: { package: 'acme/hub' as never },
  })
  return releases.map(({ revision }) => revision).sort()
}
