import type { ReactNode } from 'react'
import type { Tone } from '../tone.ts'

interface ColumnsProps {
  /** One for each span of time, the oldest first. */
  readonly counts: readonly number[]
  /** What they say, in words: a picture alone tells not everybody. */
  readonly label: string
  readonly tone?: Tone
  readonly height?: number
}

const [width, gap] = [6, 2]

/** Counts over time, as columns; one that is not nothing can be seen. */
export function Columns({ counts, label, tone = 'bad', height = 28 }: ColumnsProps): ReactNode {
  const most = Math.max(1, ...counts)
  const all = Math.max(1, counts.length) * (width + gap) - gap
  return (
    <svg
      className="columns"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${all} ${height}`}
      style={{ width: '100%', maxWidth: all * 2, height }}
      preserveAspectRatio="none"
    >
      {counts.map((count, i) => {
        const tall = count === 0 ? 1 : Math.max(3, (count / most) * height)
        const x = i * (width + gap)
        return (
          <rect
            key={x}
            data-tone={count === 0 ? 'quiet' : tone}
            {...{ x, y: height - tall, width, height: tall, rx: 1 }}
          />
        )
      })}
    </svg>
  )
}
