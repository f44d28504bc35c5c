import { Button, Group, Stack, Text } from '@mantine/core'
import type { SessionView } from '@steadfleet/protocol'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { Asked } from '../parts/asked.tsx'
import { Moment } from '../parts/moment.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { ownSessions, session } from '../queries.ts'
import { inWords } from '../roles.ts'
import { YourMail } from './your-mail.tsx'
import { YourPasskeys } from './your-passkeys.tsx'
import { YourRecoveryCodes } from './your-recovery-codes.tsx'
import { YourSignOns } from './your-sign-ons.tsx'

/** By what one comes in, and where one is signed in. */
export function YouPage(): ReactNode {
  const { data } = useQuery(session)
  const sessions = useQuery(ownSessions)
  return (
    <Page title="You" lead={data && `${data.name}: ${inWords(data.roles) || 'no role yet'}`}>
      <YourPasskeys />
      <YourSignOns />
      <YourRecoveryCodes />
      <YourMail />
      <Panel title="Sessions" flush>
        <Asked of={sessions}>
          {all => all.map(one => <SessionRow key={one.id} session={one} />)}
        </Asked>
      </Panel>
    </Page>
  )
}

function SessionRow({ session: one }: { session: SessionView }): ReactNode {
  const client = useQueryClient()
  const end = useMutation({
    mutationFn: () => call('endOwnSession', { params: { session: one.id } }),
    onSuccess: () => client.invalidateQueries(ownSessions),
  })
  return (
    <Group className="panel-row" justify="space-between" gap="sm">
      <Stack gap={2} style={{ flex: '1 1 240px', minWidth: 0 }}>
        <Group gap="xs">
          <Text fw={600}>{one.address}</Text>
          {one.isThis && (
            <ToneBadge tone="good" plain>
              This one
            </ToneBadge>
          )}
        </Group>
        <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          {one.agent}
        </Text>
        <Text size="sm" c="dimmed" component="span">
          Last used <Moment at={one.seenAt} />
        </Text>
        {end.isError && <ProblemNotice error={end.error} />}
      </Stack>
      {!one.isThis && (
        <Button variant="default" size="xs" loading={end.isPending} onClick={() => end.mutate()}>
          End
        </Button>
      )}
    </Group>
  )
}
