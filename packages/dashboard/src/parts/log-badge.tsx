import type { ReactNode } from 'react'
import { ToneBadge } from './tone-badge.tsx'

/**
 * Whether a transparency log counts on a device, and how many watch it. None is a choice, and is said
 * wherever the device is; a log's name is long, and said to whoever points at it.
 */
export function LogBadge({ log }: { log: string }): ReactNode {
  const means =
    log === 'none'
      ? 'No transparency log watches what this device is given: chosen when it enrolled.'
      : `The transparency log that must hold whatever this device runs: ${log}.`
  return (
    <ToneBadge tone="quiet" means={means} plain>
      log: {log.split(', ').at(-1)}
    </ToneBadge>
  )
}
