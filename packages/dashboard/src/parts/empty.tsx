import { Stack, Text } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { Tone } from '../tone.ts'
import { Mark } from './mark.tsx'

interface EmptyProps {
  readonly icon: Icon
  readonly tone?: Tone
  readonly title: string
  readonly children?: ReactNode
}

/** A place that holds nothing yet: it says so, and what to do next. */
export function Empty({ icon, tone = 'quiet', title, children }: EmptyProps): ReactNode {
  return (
    <Stack align="center" gap="xs" py={44} px="lg" ta="center">
      <Mark icon={icon} tone={tone} />
      <Text fw={600}>{title}</Text>
      {children !== undefined && (
        <Text c="dimmed" size="sm" maw={460} component="div">
          {children}
        </Text>
      )}
    </Stack>
  )
}
