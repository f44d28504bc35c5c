import { Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import { toAbsolute, toRelative } from '../format/time.ts'
import { useNow } from '../now.ts'

/** A moment relative to now; in full for whoever points at it. */
export function Moment({ at }: { at: string }): ReactNode {
  const now = useNow()
  return (
    <Tooltip label={toAbsolute(at)}>
      <time dateTime={at}>{toRelative(at, now)}</time>
    </Tooltip>
  )
}
