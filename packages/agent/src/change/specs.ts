import { openedRequests } from '@steadfleet/confine'
import type { PackageName } from '@steadfleet/domain'
import type { Change, Generation, GenerationPackage } from '@steadfleet/engine'
import { isAgentPackage, isDropped, packageOf } from '@steadfleet/engine'
import type { AppSpec } from '../apps/index.ts'
import { dataPath, type Paths, settingsPath, sharedPath, treePath } from '../disk/paths.ts'

/** The apps of one package of a generation, as the supervisor is told them; the agent is none of them. */
export function specsOf(paths: Paths, one: GenerationPackage): AppSpec[] {
  if (isAgentPackage(one)) return []
  const shared = (one.behaviour.data?.shared ?? []).map(name => ({
    name,
    path: sharedPath(paths, one.package, name),
  }))
  return Object.entries(one.behaviour.apps).map(([app, declaration]) => ({
    package: one.package,
    app,
    revision: one.revision,
    tree: treePath(paths, one.tree.digest),
    data: dataPath(paths, one.package, one.data),
    settings: settingsPath(paths, one.package, one.data),
    values: one.settings,
    declaration,
    opened: openedRequests(one.behaviour.interfaces ?? [], one.interfaces),
    limits: one.behaviour.limits,
    // Absent where there is none: else every app that runs would be started anew for it.
    ...(shared.length > 0 && { shared }),
  }))
}

export function allSpecs(paths: Paths, generation: Generation): AppSpec[] {
  return generation.packages.flatMap(one => specsOf(paths, one))
}

/** What should run right now, in the middle of a change: of each package the old, the new or neither. */
export function specsDuring(
  paths: Paths,
  change: Change,
  from: Generation,
  to: Generation,
): AppSpec[] {
  const names = [...from.packages, ...to.packages].map(one => one.package)
  return [...new Set(names)].flatMap(name => {
    const one = runningDuring(change, name, from, to)
    return one ? specsOf(paths, one) : []
  })
}

function runningDuring(
  change: Change,
  name: PackageName,
  from: Generation,
  to: Generation,
): GenerationPackage | undefined {
  const step = change.plan.steps.find(one => one.package === name)
  if (step === undefined) return packageOf(to, name)
  // Of a dropped lane the new release is on its way out: whatever runs of it is ended.
  if (!isDropped(change, step) && isInForce(change, `start:${name}`)) return packageOf(to, name)
  // A stop that was begun may have been done; the step, or its undoing, says the rest.
  return isInForce(change, `stop:${name}`) ? undefined : packageOf(from, name)
}

function isInForce(change: Change, id: string): boolean {
  return change.begun.includes(id) && !change.undone.includes(id)
}
