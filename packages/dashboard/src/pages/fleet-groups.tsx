import { Button, Code, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { FleetView, GroupView } from '@steadfleet/protocol'
import { IconPlus, IconUsersGroup } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link } from 'react-router'
import { toCount } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Panel } from '../parts/panel.tsx'
import { groupsOf } from '../queries.ts'
import { ForgetGroup } from './forget-group.tsx'
import { MakeGroup } from './make-group.tsx'

/** The groups of a fleet, each a saved query, with the way to the devices it finds. */
export function FleetGroups({ fleet }: { fleet: FleetView }): ReactNode {
  const asked = useQuery(groupsOf(fleet.name))
  const [opened, { open, close }] = useDisclosure()
  const [forgetting, setForgetting] = useState<string>()
  return (
    <Panel
      title="Groups"
      aside={
        <Button variant="default" size="xs" leftSection={<IconPlus size={14} />} onClick={open}>
          Make a group
        </Button>
      }
      flush
    >
      <Asked of={asked}>
        {groups =>
          groups.length > 0 ? (
            groups.map(group => (
              <GroupRow key={group.name} group={group} onForget={setForgetting} />
            ))
          ) : (
            <None />
          )
        }
      </Asked>
      {opened && <MakeGroup fleet={fleet.name} onClose={close} />}
      {forgetting !== undefined && (
        <ForgetGroup
          fleet={fleet.name}
          name={forgetting}
          onClose={() => setForgetting(undefined)}
        />
      )}
    </Panel>
  )
}

interface GroupRowProps {
  readonly group: GroupView
  onForget(name: string): void
}

function GroupRow({ group: { name, query, devices }, onForget }: GroupRowProps): ReactNode {
  return (
    <Group className="panel-row" justify="space-between" gap="sm">
      <div>
        <Text fw={600}>{name}</Text>
        <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
          <Code>{query}</Code>
        </Text>
      </div>
      <Group gap="sm">
        <Link to={`/devices?group=${name}`}>
          <Text size="sm">{toCount(devices, 'device')}</Text>
        </Link>
        <Button
          variant="default"
          size="xs"
          aria-label={`Forget ${name}`}
          onClick={() => onForget(name)}
        >
          Forget
        </Button>
      </Group>
    </Group>
  )
}

function None(): ReactNode {
  return (
    <Empty icon={IconUsersGroup} title="This fleet has no group">
      A group is a saved query: a device is in it while it meets the query. Settings can be given to
      a group, and rollouts go by groups.
    </Empty>
  )
}
