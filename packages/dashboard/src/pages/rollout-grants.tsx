import { Button, Group, Stack, Text } from '@mantine/core'
import type { Rollout } from '@steadfleet/domain'
import type { GrantVerdict } from '@steadfleet/protocol'
import { IconLock } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { requestChangesOf } from '../queries.ts'
import { Asks } from './asks.tsx'

/** What a rollout waits for: the revision asks for more than what runs, and somebody must say yes or no. */
export function RolloutGrants({ rollout }: { rollout: Rollout }): ReactNode {
  const [publisher = '', name = ''] = rollout.package.split('/')
  const asked = useQuery(requestChangesOf(rollout.package, rollout.revision))
  const client = useQueryClient()
  const decide = useMutation({
    mutationFn: ([opened, verdict]: readonly [string, GrantVerdict]) =>
      call('decideGrant', {
        params: {
          ...{ fleet: rollout.fleet, publisher, name },
          ...{ interface: opened, scope: 'fleet', target: rollout.fleet },
        },
        body: { verdict, revision: rollout.revision },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['rollouts'] }),
  })
  if (rollout.waitsFor.length === 0) return null
  return (
    <Stack gap="sm" className="notice" data-tone="warn" role="alert">
      <Group gap="xs">
        <IconLock size={20} aria-hidden="true" />
        <Text fw={650}>
          No device is moved before you say what revision {rollout.revision} may have
        </Text>
      </Group>
      {rollout.waitsFor.map(({ interface: opened, reason }) => (
        <Group key={opened} justify="space-between" wrap="nowrap" align="flex-start">
          <Asks opened={opened} reason={reason} changes={asked.data ?? []} />
          <Group gap="xs" wrap="nowrap">
            {answers.map(([label, verdict]) => (
              <Button
                key={verdict}
                size="xs"
                variant={verdict === 'granted' ? 'filled' : 'default'}
                loading={decide.isPending}
                aria-label={`${label} ${opened}`}
                onClick={() => decide.mutate([opened, verdict])}
              >
                {label}
              </Button>
            ))}
          </Group>
        </Group>
      ))}
      {decide.error ? <ProblemNotice error={decide.error} /> : null}
    </Stack>
  )
}

const answers: readonly (readonly [label: string, verdict: GrantVerdict])[] = [
  ['Grant', 'granted'],
  ['Refuse', 'refused'],
  ['Never', 'never'],
]
