import { ActionIcon, AppShell, Group, Text, Tooltip } from '@mantine/core'
import { IconLogout } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { call } from '../api.ts'
import type { Live } from '../live.ts'
import { session } from '../queries.ts'
import type { Tone } from '../tone.ts'
import { SchemeToggle } from './scheme-toggle.tsx'
import { ToneBadge } from './tone-badge.tsx'

const liveWords: Readonly<Record<Live, readonly [Tone, string, string]>> = {
  connecting: ['quiet', 'Connecting', 'Opens the stream of changes.'],
  live: ['good', 'Live', 'Changes show as they happen.'],
  away: ['warn', 'Not live', 'The stream of changes is lost; it is asked for again.'],
}

/** Who is signed in, whether the page is live, and the way out. */
export function SideFoot({ live }: { live: Live }): ReactNode {
  const { data } = useQuery(session)
  const client = useQueryClient()
  const signOut = useMutation({
    mutationFn: () => call('signOut', {}),
    onSuccess: ({ next }) => {
      if (next !== null) window.location.assign(next)
    },
    onSettled: async () => {
      await client.invalidateQueries(session)
      client.removeQueries({ predicate: ({ queryKey: [topic] }) => topic !== 'session' })
    },
  })
  const [tone, word, means] = liveWords[live]
  return (
    <AppShell.Section>
      <Group justify="space-between" px={6} pb="xs" role="status">
        <ToneBadge tone={tone} means={means}>
          {word}
        </ToneBadge>
        <Text size="xs" c="dimmed">
          {data && `v${data.version}`}
        </Text>
      </Group>
      <Group justify="space-between" wrap="nowrap" pl={6}>
        <Text size="sm" truncate component={Link} to="/you" className="quiet-link">
          {data?.name}
        </Text>
        <Group gap={0} wrap="nowrap">
          <SchemeToggle />
          <Tooltip label="Sign out">
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label="Sign out"
              onClick={() => signOut.mutate()}
            >
              <IconLogout size={18} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
    </AppShell.Section>
  )
}
