import type { AppStatus } from '@steadfleet/domain'
import {
  type GenerationPackage,
  isAgentPackage,
  type ProbationRule,
  type Sight,
} from '@steadfleet/engine'
import type { Apps } from '../apps/index.ts'
import type { Paths } from '../disk/paths.ts'
import { specsOf } from './specs.ts'

const defaultStartSeconds = 30
const hookSeconds = 30
/** An agent has to reach its fleet, and asks again later and later where it does not. */
const agentSeconds = 180

const defaultProbationSeconds = 120
/** A day: what an order may ask for at most, as a manifest may. */
const longestProbation = 86_400

/** What these packages must show together: the order's word on the window counts before their own. */
export function ruleFor(
  changed: readonly GenerationPackage[],
  ordered: number | undefined,
  boot: string,
): ProbationRule {
  const own = changed.map(one => one.behaviour['probation-seconds'] ?? defaultProbationSeconds)
  return {
    // Where nothing is on trial, nothing is waited for.
    windowSeconds:
      changed.length === 0 ? 0 : Math.min(ordered ?? Math.max(0, ...own), longestProbation),
    boot,
    packages: changed.map(one => ({ package: one.package, startSeconds: startSeconds(one) })),
  }
}

/** The longest that one of the package's apps may take to become ready. */
function startSeconds(one: GenerationPackage): number {
  const otherwise = isAgentPackage(one) ? agentSeconds : defaultStartSeconds
  const own = Object.values(one.behaviour.apps).map(
    app => app.health?.['start-seconds'] ?? otherwise,
  )
  return Math.max(...own)
}

/** Milliseconds between two looks: as often as a check asks, and several times in a short window. */
export function lookInterval(changed: readonly GenerationPackage[], windowSeconds: number): number {
  const every = changed.flatMap(one =>
    Object.values(one.behaviour.apps).flatMap(app => app.health?.['every-seconds'] ?? []),
  )
  return Math.max(200, Math.min(1000 * Math.min(1, ...every), windowSeconds * 200))
}

/** One look at a package: what its supervisor says, and where all runs, its own checks. */
export async function lookAt(paths: Paths, apps: Apps, one: GenerationPackage): Promise<Sight> {
  const statuses = apps.status().filter(status => status.package === one.package)
  const restarts = statuses.reduce((sum, status) => sum + status.restarts, 0)
  const state = stateOf(one, statuses)
  const health = state === 'up' ? await checkAll(paths, apps, one) : undefined
  const why = health?.why ?? statuses.map(({ app, state: is }) => `${app} is ${is}`).join(', ')
  return { package: one.package, state, restarts, healthy: health?.ok ?? false, why }
}

function stateOf(one: GenerationPackage, statuses: readonly AppStatus[]): Sight['state'] {
  const names = Object.keys(one.behaviour.apps)
  const states = names.map(app => ({ app, state: statuses.find(s => s.app === app)?.state }))
  if (states.some(({ state }) => state === 'failed')) return 'down'
  return states.every(({ app, state }) => isUp(one, app, state)) ? 'up' : 'starting'
}

function isUp(one: GenerationPackage, app: string, state: AppStatus['state'] | undefined): boolean {
  if (one.behaviour.apps[app]?.daemon === 'oneshot') return state === 'exited'
  return state === 'running'
}

async function checkAll(
  paths: Paths,
  apps: Apps,
  one: GenerationPackage,
): Promise<{ ok: boolean; why: string }> {
  const health = await apps.health(one.package)
  const command = one.behaviour.hooks?.['check-health']
  const [spec] = specsOf(paths, one)
  if (!health.ok || command === undefined || spec === undefined) return health
  const { exit, output } = await apps.hook(spec, command, hookSeconds)
  if (exit === 0) return health
  const said = output.slice(-3).join(' ').slice(0, 300)
  return { ok: false, why: `its own check ended with ${exit}: ${said}` }
}
