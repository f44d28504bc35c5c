import { Group, Stack, Text } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { Tone } from '../tone.ts'
import { Clock } from './clock.tsx'
import { Mark } from './mark.tsx'

interface TimelineLineProps {
  readonly icon: Icon
  readonly tone: Tone
  readonly title: ReactNode
  readonly at: string
  readonly children: ReactNode
}

/** One line of a timeline: what and when, and beneath it all that is known. */
export function TimelineLine({ icon, tone, title, at, children }: TimelineLineProps): ReactNode {
  return (
    <li>
      <Mark icon={icon} tone={tone} />
      <Stack gap={6} style={{ flex: 1, minWidth: 0 }} pt={4}>
        <Group justify="space-between" gap="xs" wrap="nowrap" align="baseline">
          <Text size="sm" fw={600} style={{ overflowWrap: 'anywhere' }}>
            {title}
          </Text>
          <Clock at={at} />
        </Group>
        {children}
      </Stack>
    </li>
  )
}
