import { Group, Title } from '@mantine/core'
import type { ReactNode } from 'react'

interface PanelProps {
  readonly title?: ReactNode
  readonly aside?: ReactNode
  /** Rows and tables reach the panel's edge; everything else stands off it. */
  readonly flush?: boolean
  readonly children: ReactNode
}

/** A white sheet that holds what belongs together, under a heading where it has one. */
export function Panel({ title, aside, flush, children }: PanelProps): ReactNode {
  return (
    <section className="panel">
      {title !== undefined && (
        <div className="panel-head">
          <Title order={2} size={15} lh={1.5}>
            {title}
          </Title>
          {aside !== undefined && <Group gap="xs">{aside}</Group>}
        </div>
      )}
      {flush ? children : <div className="panel-body">{children}</div>}
    </section>
  )
}
