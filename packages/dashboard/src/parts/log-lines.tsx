import type { ReactNode } from 'react'

interface LogLinesProps {
  readonly lines: readonly string[]
  readonly label: string
}

/** What an app said last, as it said it. */
export function LogLines({ lines, label }: LogLinesProps): ReactNode {
  if (lines.length === 0) return null
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="log" tabIndex={0} aria-label={label}>
      <pre>{lines.join('\n')}</pre>
    </section>
  )
}
