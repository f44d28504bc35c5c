import { Button, Group, Text } from '@mantine/core'
import type { PasskeyView } from '@steadfleet/protocol'
import { IconFingerprint, IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { makePasskey } from '../passkeys.ts'
import { passkeys } from '../queries.ts'

/** One's own passkeys, and the way to another. */
export function YourPasskeys(): ReactNode {
  const asked = useQuery(passkeys)
  const client = useQueryClient()
  const add = useMutation({
    mutationFn: () => makePasskey(`made on ${new Date().toDateString()}`),
    onSuccess: () => client.invalidateQueries(passkeys),
  })
  const button = (
    <Button
      variant="default"
      size="xs"
      leftSection={<IconPlus size={14} />}
      loading={add.isPending}
      onClick={() => add.mutate()}
    >
      Make a passkey
    </Button>
  )
  return (
    <Panel title="Passkeys" aside={button} flush>
      {add.isError && (
        <div className="panel-body">
          <ProblemNotice error={add.error} />
        </div>
      )}
      <Asked of={asked}>
        {all =>
          all.length > 0 ? all.map(one => <PasskeyRow key={one.id} passkey={one} />) : <None />
        }
      </Asked>
    </Panel>
  )
}

function PasskeyRow({ passkey: { id, name, usedAt } }: { passkey: PasskeyView }): ReactNode {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => call('removePasskey', { params: { passkey: id } }),
    onSuccess: () => client.invalidateQueries(passkeys),
  })
  return (
    <Group className="panel-row" justify="space-between" gap="sm">
      <div>
        <Text fw={600}>{name}</Text>
        <Text size="sm" c="dimmed" component="span">
          {usedAt === null ? 'Not used yet' : <Moment at={usedAt} />}
        </Text>
        {remove.isError && <ProblemNotice error={remove.error} />}
      </div>
      <Button
        variant="default"
        size="xs"
        aria-label={`Forget passkey ${name}`}
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
    <Empty icon={IconFingerprint} title="You have no passkey yet">
      With one you sign in without a link. It stays in your device or its keychain; the server keeps
      nothing that could be stolen.
    </Empty>
  )
}
