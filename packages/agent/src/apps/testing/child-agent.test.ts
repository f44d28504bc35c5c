import { readFileSync } from 'node:fs'
import type { AppSpec } from '../apps.ts'
import { openApps } from '../index.ts'

// An agent of its own, for tests that kill one: it starts the apps it is told of, and stays.
const [stateDir, specFile, withCgroups] = process.argv.slice(2)
if (stateDir !== undefined && specFile !== undefined) {
  const specs: AppSpec[] = JSON.parse(readFileSync(specFile, 'utf8'))
  const apps = await openApps({ stateDir, withCgroups: withCgroups !== 'false' })
  await apps.adopt(specs)
  console.log('started')
  setInterval(() => undefined, 60_000)
}
