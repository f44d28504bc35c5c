import { effectOf, networkNeeds } from '@steadfleet/confine'
import type { Way } from '../network/index.ts'
import type { AppSpec } from './apps.ts'
import type { Floor } from './sandboxes.ts'

/** Whether an app has any network, of its own or the device's. */
export function isNetworked({ opened }: AppSpec): boolean {
  return opened.some(request => effectOf(request).network)
}

/**
 * The way into the network of an app's package, made what its requests say; undefined where it has none, or
 * where it has the device's.
 */
export async function wayOf({ networks }: Floor, spec: AppSpec): Promise<Way | undefined> {
  if (networks === undefined || typeof networks === 'string' || !isNetworked(spec)) return undefined
  return networks.enter(spec.package, networkNeeds(spec.opened, spec.values))
}
