import type { ReactNode } from 'react'
import type { Tone } from '../tone.ts'

/** A part of a whole, by its tone and size. */
export interface Share {
  readonly tone: Tone
  readonly count: number
}

interface ShareBarProps {
  readonly shares: readonly Share[]
  /** What the bar says, in words. */
  readonly label: string
}

/** How a whole is divided, as one bar. */
export function ShareBar({ shares, label }: ShareBarProps): ReactNode {
  return (
    <div className="bar" role="img" aria-label={label}>
      {shares
        .filter(({ count }) => count > 0)
        .map(({ tone, count }) => (
          <span key={tone} data-tone={tone} style={{ flexGrow: count }} />
        ))}
    </div>
  )
}
