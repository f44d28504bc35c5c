import type { ReactNode } from 'react'
import { ToneBadge } from './tone-badge.tsx'

/** Which transparency log a device follows. None is a choice, and is said wherever the device is. */
export function LogBadge({ log }: { log: string }): ReactNode {
  const means =
    log === 'none'
      ? 'No transparency log watches what this device is given: chosen when it enrolled.'
      : 'The transparency log that must hold whatever this device runs.'
  return (
    <ToneBadge tone="quiet" means={means} plain>
      log: {log}
    </ToneBadge>
  )
}
