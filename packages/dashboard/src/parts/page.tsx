import { Group, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

interface PageProps {
  readonly title: string
  readonly heading?: ReactNode
  readonly lead?: ReactNode
  readonly actions?: ReactNode
  readonly children: ReactNode
}

/** One page: its heading, one line that says what it holds, what can be done, and the rest. */
export function Page({ title, heading, lead, actions, children }: PageProps): ReactNode {
  return (
    <Stack gap="lg">
      <title>{`${title} · Steadfleet`}</title>
      <Group justify="space-between" align="flex-end" gap="sm">
        <div>
          <Title order={1} size={24} lh={1.3}>
            {heading ?? title}
          </Title>
          {lead !== undefined && (
            <Text c="dimmed" component="div" mt={2}>
              {lead}
            </Text>
          )}
        </div>
        {actions}
      </Group>
      {children}
    </Stack>
  )
}
