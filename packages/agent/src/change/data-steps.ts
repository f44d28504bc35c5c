import { isCoded } from '@steadfleet/base'
import type { GenerationPackage } from '@steadfleet/engine'
import type { Apps } from '../apps/index.ts'
import { syncFileSystem } from '../disk/durable.ts'
import type { Paths } from '../disk/paths.ts'
import { AgentError } from '../error.ts'
import { copyData } from './package-data.ts'
import { specsOf } from './specs.ts'

const migrateSeconds = 600

export interface DataSteps {
  readonly paths: Paths
  readonly apps: Apps
  /** Hears of data that is not there any more. */
  readonly suspect: (error: unknown) => void
}

/** What somebody took away is gone and told; only a copy that was asked for by name has to be there. */
export async function copyOrBegin(
  { paths, suspect }: DataSteps,
  to: GenerationPackage,
  from: GenerationPackage | undefined,
): Promise<void> {
  try {
    await copyData(paths, to, from)
  } catch (error) {
    if (!isCoded(error, 'agent/no-data') || to.restored) throw error
    suspect(error)
    await copyData(paths, to, undefined)
  }
}

/** Runs the package's own hook on its copy, and does not say so before what it wrote is durable. */
export async function migrateData(
  { paths, apps }: DataSteps,
  to: GenerationPackage,
): Promise<void> {
  const command = to.behaviour.hooks?.migrate
  const [spec] = specsOf(paths, to)
  if (command === undefined || spec === undefined) return
  const { exit, output } = await apps.hook(spec, command, migrateSeconds)
  await syncFileSystem(paths.data)
  if (exit === 0) return
  const said = output.slice(-5).join(' ').slice(0, 500)
  const message = `cannot migrate the data of ${to.package}: its hook ended with ${exit}: ${said}`
  throw new AgentError('agent/hook', message, { package: to.package, exit })
}
