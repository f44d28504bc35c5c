import { Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Tone } from '../tone.ts'

interface ToneBadgeProps {
  readonly tone: Tone
  readonly children: ReactNode
  /** A sentence that explains the word, shown to whoever points at it. */
  readonly means?: string
  readonly plain?: boolean
}

/** A word on a soft pill; a dot says that it is a state. */
export function ToneBadge({ tone, children, means, plain }: ToneBadgeProps): ReactNode {
  const badge = (
    <span className="tone" data-tone={tone} data-plain={plain || undefined}>
      {children}
    </span>
  )
  return means ? <Tooltip label={means}>{badge}</Tooltip> : badge
}
