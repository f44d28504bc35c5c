import { Button, Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { asProblem } from '../problem.ts'

interface ProblemNoticeProps {
  readonly error: unknown
  readonly onRetry?: () => void
}

/** A problem as the server named it: its sentence and its code. */
export function ProblemNotice({ error, onRetry }: ProblemNoticeProps): ReactNode {
  const { code, message } = asProblem(error)
  return (
    <Group className="notice" data-tone="bad" role="alert" justify="space-between" gap="sm">
      <div>
        <Text fw={600} size="sm">
          {toSentence(message)}
        </Text>
        <Text size="xs" className="mono">
          {code}
        </Text>
      </div>
      {onRetry && (
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Group>
  )
}
