import { toUtf8 } from '@steadfleet/base'
import { BundleError } from './error.ts'
import { parentOf } from './path.ts'

/** Targets of the links of a tree, by path. */
export type LinkTargets = ReadonlyMap<string, string>

/** Linux follows 40 links and then gives up (ELOOP, path_resolution(7)). */
const mostLinksFollowed = 40
const longestTarget = 4095

/**
 * Refuses a link that leads out of the tree. The target is walked as the kernel walks it, through
 * the tree's other links; an absolute one starts at the tree's root. It may lead nowhere: packages
 * hold links that only a running system completes, and where it leads nowhere it leads nowhere bad.
 */
export function refuseLeavingLink(path: string, links: LinkTargets): void {
  const target = links.get(path) ?? ''
  const fault = faultInTarget(target) ?? faultInWalk(path, target, links)
  if (fault === undefined) return
  const message = `cannot take link ${JSON.stringify(path)} to ${JSON.stringify(target)}: ${fault}`
  throw new BundleError('tree/link-leaves', message, { path, target })
}

function faultInTarget(target: string): string | undefined {
  if (target === '') return 'it has no target'
  if (target.includes('\0') || !target.isWellFormed()) return 'its target is no path'
  return toUtf8(target).length > longestTarget ? `over ${longestTarget} bytes` : undefined
}

function faultInWalk(path: string, target: string, links: LinkTargets): string | undefined {
  const place = partsOf(parentOf(path))
  const ahead = stepsOf(target)
  for (let followed = 0; ahead.length > 0 && followed <= mostLinksFollowed; ) {
    const step = ahead.pop() ?? ''
    if (step === '..' && place.length === 0) return 'it leads out of the tree'
    takeStep(place, step)
    const through = links.get(place.join('/'))
    if (through === undefined) continue
    followed += 1
    place.pop()
    ahead.push(...stepsOf(through))
  }
  // What is walked to its end stays inside; so does a loop, which ends in ELOOP.
  return undefined
}

function takeStep(place: string[], step: string): void {
  if (step === '/') place.length = 0
  else if (step === '..') place.pop()
  else place.push(step)
}

/** The steps of a walk, last first; an absolute target begins with a step to the root. */
function stepsOf(target: string): string[] {
  const steps = partsOf(target)
  return (target.startsWith('/') ? ['/', ...steps] : steps).reverse()
}

function partsOf(path: string): string[] {
  return path.split('/').filter(part => part !== '' && part !== '.')
}
