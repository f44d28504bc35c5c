import { toTimestamp } from '@steadfleet/domain'
import { backUp } from '@steadfleet/protocol'
import type { House } from '../house.ts'
import type { Handle } from '../http/handle.ts'

/** Brings the second store up to date because somebody asked. */
export function handleBackup(handle: Handle, { secondStore, world }: House): void {
  handle(backUp, async () => {
    const at = toTimestamp(world.now())
    await secondStore.keepAll('asked')
    return { at }
  })
}
