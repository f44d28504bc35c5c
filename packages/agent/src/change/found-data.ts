import { mkdir } from 'node:fs/promises'
import type { AppSpec } from '../apps/index.ts'
import { isThere, writeDurably } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import type { NewEvent } from '../report/outbox.ts'
import { settingsFile } from '../trust/secrets.ts'

/**
 * Gives what is to run the folder and the settings that somebody took away: an app without its data
 * begins anew, one that can't start helps nobody. That data is lost is told.
 */
export async function makeUpForLost(paths: Paths, specs: readonly AppSpec[]): Promise<NewEvent[]> {
  const lost = new Set<AppSpec['package']>()
  for (const spec of specs) {
    if (!(await isThere(spec.data))) {
      lost.add(spec.package)
      await mkdir(spec.data, { recursive: true, mode: 0o700 })
    }
    if (!(await isThere(spec.settings))) {
      const settings = { package: spec.package, settings: spec.values }
      await writeDurably(spec.settings, await settingsFile(paths, settings), 0o600)
    }
  }
  return [...lost].map(name => {
    const message = `cannot find the data of ${name}: it was taken away; the app begins with none`
    return { kind: 'agent', code: 'agent/no-data', message, details: { package: name } }
  })
}
