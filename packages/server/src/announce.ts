import type { House } from './house.ts'

/** What views of people are about; each asks again for its own when it hears its topic. */
export type Topic = 'devices' | 'device' | 'rollouts' | 'releases' | 'failures' | 'settings'

/** What those hear who see some fleets alone: that something changed, and of nothing which. */
export const nudged = 'people of some fleets'

/** Tells everyone who looks on that something changed; losing this costs them time, nothing else. */
export function announce({ streams }: Pick<House, 'streams'>, topic: Topic, id?: string): void {
  const data = JSON.stringify(id === undefined ? { topic } : { topic, id })
  streams.send('people', { event: 'message', data })
  streams.send(nudged, { event: 'message', data: JSON.stringify({ topic }) })
}

/** Tells every device that listens to look: the owner signed something. */
export function tellAllToLook({ streams }: Pick<House, 'streams'>): void {
  streams.sendAll('device ', { event: 'look', data: '{}' })
}

/** Tells one device to look, if it listens. */
export function tellToLook({ streams }: Pick<House, 'streams'>, device: string): void {
  streams.send(`device ${device}`, { event: 'look', data: '{}' })
}
