import { Text, Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import { toAbsolute, toClock } from '../format/time.ts'

/** The time of day of a moment; in full for whoever points at it. */
export function Clock({ at }: { at: string }): ReactNode {
  return (
    <Text size="xs" c="dimmed" component="span" style={{ flex: 'none' }}>
      <Tooltip label={toAbsolute(at)}>
        <time dateTime={at}>{toClock(at)}</time>
      </Tooltip>
    </Text>
  )
}
