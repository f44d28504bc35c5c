import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AppSpec } from '../../packages/agent/src/apps/index.ts'
import { PretendApps } from '../../packages/agent/src/testing/pretend-apps.test.ts'
import { published } from './published.ts'
import { historyOf, wordsIn } from './releases.ts'

/** Pretended apps that leave in their data what the real ones of the laboratory do. */
export class NotingApps extends PretendApps {
  override migrate: PretendApps['migrate'] = spec => {
    note(spec, `m${spec.revision}`)
    const isWell = migrationOf(spec) === 'well'
    return { exit: isWell ? 0 : 1, output: [] }
  }

  override async start(spec: AppSpec): Promise<void> {
    await super.start(spec)
    note(spec, `${spec.revision}`)
  }

  wordsOf(name: string): string[] {
    const spec = this.running.get(`${name} main`)
    if (spec === undefined) throw new Error(`${name} does not run`)
    return wordsIn(readFileSync(fileOf(spec), 'utf8'))
  }
}

function note(spec: AppSpec, word: string): void {
  appendFileSync(fileOf(spec), `\n${word}`)
}

function fileOf(spec: AppSpec): string {
  return join(spec.data, historyOf(spec.package))
}

function migrationOf(spec: AppSpec): string | undefined {
  return published.find(one => one.package === spec.package && one.revision === spec.revision)
    ?.migrates
}
