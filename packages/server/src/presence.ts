import { usualCheckInSeconds } from '@steadfleet/domain'
import type { DeviceRow } from './store/device-store.ts'
import type { World } from './world.ts'

/** So long after a check-in a device that holds no stream counts as there: two of them, and a little. */
const thereMs = (2 * usualCheckInSeconds + 60) * 1000

/** Whether devices are there: by their stream, or where they hold none, by their last check-in. */
export interface Presence {
  arrived(device: string): void
  /** A device that had a stream and lost it is away until it is heard of again. */
  left(device: string): void
  heard(device: string): void
  isOnline(row: Pick<DeviceRow, 'id' | 'seen_at'>, now: Date): boolean
}

export function makePresence({ now }: Pick<World, 'now'>): Presence {
  const streams = new Map<string, number>()
  /** When each lost its last stream: a check-in after that, at whatever process, brings it back. */
  const lost = new Map<string, number>()
  return {
    arrived(device) {
      streams.set(device, (streams.get(device) ?? 0) + 1)
      lost.delete(device)
    },
    left(device) {
      const open = (streams.get(device) ?? 1) - 1
      if (open > 0) {
        streams.set(device, open)
        return
      }
      streams.delete(device)
      lost.set(device, now().getTime())
    },
    heard: device => void lost.delete(device),
    isOnline({ id, seen_at }, at) {
      if (streams.has(id)) return true
      if (seen_at === null) return false
      const seen = Date.parse(seen_at)
      return seen > (lost.get(id) ?? 0) && at.getTime() - seen < thereMs
    },
  }
}
