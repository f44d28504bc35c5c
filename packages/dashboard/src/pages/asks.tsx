import { Stack, Text } from '@mantine/core'
import type { RequestChangeView } from '@steadfleet/protocol'
import type { ReactNode } from 'react'

interface AsksProps {
  readonly opened: string
  readonly reason: string | undefined
  readonly changes: readonly RequestChangeView[]
}

/** What a revision asks of an interface that the one before it did not, line by line. */
export function Asks({ opened, reason, changes }: AsksProps): ReactNode {
  const change = changes.find(one => one.interface === opened)
  return (
    <Stack gap={2}>
      <Text size="sm">
        <b>{opened}</b>
        {change ? `, risk ${change.risk}: ${change.opens}` : ''}
      </Text>
      {reason === undefined ? null : <Text size="sm">Its publisher says: {reason}</Text>}
      {change?.asks.map(line => (
        <Text key={line} size="xs" ff="monospace">
          + {line}
        </Text>
      ))}
      {change?.drops.map(line => (
        <Text key={line} size="xs" ff="monospace">
          − {line}
        </Text>
      ))}
    </Stack>
  )
}
