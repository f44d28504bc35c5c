import { Group, Stack, Text } from '@mantine/core'
import type { RoleView } from '@steadfleet/protocol'
import { IconSignature } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { toCount } from '../format/text.ts'
import { Empty } from '../parts/empty.tsx'
import { Panel } from '../parts/panel.tsx'
import { RoleAlarm, RoleLife } from '../parts/role-life.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { releases } from '../queries.ts'

/** Whose releases there are, and whose of them the owner lets count. */
export function TrustPublishers({ publishers }: { publishers: readonly RoleView[] }): ReactNode {
  const { data: all = [] } = useQuery(releases)
  return (
    <Panel title="Publishers" flush>
      {publishers.map(role => (
        <Publisher
          key={`${role.catalogue}/${role.role}`}
          role={role}
          releases={all.filter(each => each.package.startsWith(`${role.role}/`)).length}
        />
      ))}
      {publishers.length === 0 && (
        <Empty icon={IconSignature} title="No publisher is delegated to">
          The catalogue’s targets name who may publish, and under which name.
        </Empty>
      )}
    </Panel>
  )
}

function Publisher({ role, releases }: { role: RoleView; releases: number }): ReactNode {
  return (
    <Group className="panel-row" justify="space-between" gap="lg">
      <Stack gap={2} style={{ flex: '1 1 200px' }}>
        <Group gap="sm">
          <Text fw={600}>{role.role}</Text>
          <Counts role={role} />
        </Group>
        <Text size="sm" c="dimmed">
          {toCount(releases, 'release')}, version {role.version} of its role in catalogue{' '}
          {role.catalogue}
        </Text>
      </Stack>
      <RoleLife role={role} />
      <RoleAlarm role={role} />
    </Group>
  )
}

function Counts({ role: { counts } }: { role: RoleView }): ReactNode {
  if (counts)
    return (
      <ToneBadge tone="good" means="The owner’s policy lets its releases count.">
        Counts
      </ToneBadge>
    )
  return (
    <ToneBadge tone="quiet" means="The owner’s policy does not let its releases count.">
      Does not count
    </ToneBadge>
  )
}
