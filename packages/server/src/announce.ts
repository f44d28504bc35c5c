import type { House } from './house.ts'
import { fleetOf } from './http/fleet-of.ts'

/** What views of people are about; each asks again for its own when it hears its topic. */
export type Topic = 'devices' | 'device' | 'rollouts' | 'releases' | 'failures' | 'settings'

/** Of what something changed, by which its fleet is found. */
export type About = { readonly [Of in 'fleet' | 'device' | 'rollout' | 'defect']?: string | number }

const some = 'people of '

/** What people listen to: all that changes, or what changes in these fleets. */
export function topicFor(fleets: readonly string[] | undefined): string {
  return fleets ? `${some},${fleets.join(',')},` : 'people'
}

/**
 * Tells everyone who looks on, and may see it, that something changed; what is about no fleet is told to
 * all. Losing this costs them time, nothing else.
 */
export function announce<T extends Topic>(
  { streams, store }: Place,
  topic: T,
  ...[about]: T extends 'releases' ? [] : [About]
): void {
  streams.announced?.(topic, about)
  const id = topic.startsWith('device') ? about?.device : undefined
  const data = JSON.stringify(id === undefined ? { topic } : { topic, id })
  const tell = (matches: (name: string) => boolean) =>
    streams.sendWhere(matches, { event: 'message', data })
  tell(name => name === 'people')
  if (!streams.hasWhere(name => name.startsWith(some))) return
  if (about === undefined) {
    tell(name => name.startsWith(some))
    return
  }
  const told = fleetOf(store.db, about).then(fleet =>
    tell(name => name.startsWith(some) && name.includes(`,${fleet},`)),
  )
  // The server may be closing its database: whoever still looks asks again where it opens.
  told.catch(() => undefined)
}

type Place = Pick<House, 'streams' | 'store'>

/** Tells every device that listens to look: the owner signed something. */
export function tellAllToLook({ streams }: Pick<House, 'streams'>): void {
  streams.sendAll('device ', { event: 'look', data: '{}' })
}

/** Tells one device to look, if it listens. */
export function tellToLook({ streams }: Pick<House, 'streams'>, device: string): void {
  streams.send(`device ${device}`, { event: 'look', data: '{}' })
}
