import { Group, Text } from '@mantine/core'
import type { ReactNode } from 'react'

/** The name and its mark. */
export function Brand(): ReactNode {
  return (
    <Group gap={10} wrap="nowrap">
      <img src="/favicon.svg" alt="" width={26} height={26} />
      <Text fw={700} size="md" lts="-0.01em">
        Steadfleet
      </Text>
    </Group>
  )
}
