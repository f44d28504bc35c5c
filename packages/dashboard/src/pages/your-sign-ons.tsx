import { Button, Group, Text } from '@mantine/core'
import type { SignOnView } from '@steadfleet/protocol'
import { IconDoorEnter, IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { signOn, signOns } from '../queries.ts'

/** One's own accounts of the OpenID provider, where one is configured. */
export function YourSignOns(): ReactNode {
  const { data } = useQuery(signOn)
  return data?.name ? <Accounts provider={data.name} /> : null
}

function Accounts({ provider }: { provider: string }): ReactNode {
  const asked = useQuery(signOns)
  const connect = useMutation({
    mutationFn: () => call('beginConnecting', {}),
    onSuccess: ({ url }) => window.location.assign(url),
  })
  const button = (
    <Button
      variant="default"
      size="xs"
      leftSection={<IconPlus size={14} />}
      loading={connect.isPending}
      onClick={() => connect.mutate()}
    >
      Connect an account
    </Button>
  )
  return (
    <Panel title={provider} aside={button} flush>
      {connect.isError && (
        <div className="panel-body">
          <ProblemNotice error={connect.error} />
        </div>
      )}
      <Asked of={asked}>
        {all => (all.length > 0 ? all.map(one => <Row key={one.id} account={one} />) : <None />)}
      </Asked>
    </Panel>
  )
}

function Row({ account: { id, subject, isByGroups } }: { account: SignOnView }): ReactNode {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => call('removeSignOn', { params: { account: id } }),
    onSuccess: () => client.invalidateQueries(signOns),
  })
  return (
    <Group className="panel-row" justify="space-between" gap="sm">
      <div>
        <Text fw={600} style={{ overflowWrap: 'anywhere' }}>
          {subject}
        </Text>
        <Text size="sm" c="dimmed">
          {isByGroups ? 'Your roles follow its groups' : 'Connected by you'}
        </Text>
        {remove.isError && <ProblemNotice error={remove.error} />}
      </div>
      <Button
        variant="default"
        size="xs"
        aria-label={`Forget account ${subject}`}
        loading={remove.isPending}
        onClick={() => remove.mutate()}
      >
        Forget
      </Button>
    </Group>
  )
}

function None(): ReactNode {
  return (
    <Empty icon={IconDoorEnter} title="You have connected no account yet">
      With one you sign in where you sign in to everything else.
    </Empty>
  )
}
