import { Button, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { FleetView } from '@steadfleet/protocol'
import { IconPackage, IconPlus } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Empty } from '../parts/empty.tsx'
import { Panel } from '../parts/panel.tsx'
import { channels } from '../queries.ts'
import { FollowPackage } from './follow-package.tsx'
import { UnfollowPackage } from './unfollow-package.tsx'

type Followed = FleetView['packages'][number]

/** The packages a fleet follows, each on its channel, and the ways to change that. */
export function FleetPackages({ fleet }: { fleet: FleetView }): ReactNode {
  const [opened, { open, close }] = useDisclosure()
  const [stopping, setStopping] = useState<string>()
  return (
    <Panel
      title="Follows"
      aside={
        <Button variant="default" size="xs" leftSection={<IconPlus size={14} />} onClick={open}>
          Follow a channel
        </Button>
      }
      flush
    >
      {fleet.packages.map(followed => (
        <FollowedRow key={followed.package} followed={followed} onStop={setStopping} />
      ))}
      {fleet.packages.length === 0 && (
        <Empty icon={IconPackage} title="This fleet follows no package">
          Its devices run what it follows: the revision that a channel points at.
        </Empty>
      )}
      {opened && <FollowPackage fleet={fleet} onClose={close} />}
      {stopping !== undefined && (
        <UnfollowPackage fleet={fleet} name={stopping} onClose={() => setStopping(undefined)} />
      )}
    </Panel>
  )
}

interface FollowedRowProps {
  readonly followed: Followed
  onStop(name: string): void
}

function FollowedRow({ followed, onStop }: FollowedRowProps): ReactNode {
  const { data: points = [] } = useQuery(channels)
  const point = points.find(
    ({ package: name, channel }) => name === followed.package && channel === followed.channel,
  )
  return (
    <Group className="panel-row" justify="space-between" gap="sm">
      <div>
        <Text fw={600}>{followed.package}</Text>
        <Text size="sm" c="dimmed">
          {followed.channel}, {point ? `at revision ${point.revision}` : 'which points nowhere yet'}
        </Text>
      </div>
      <Button
        variant="default"
        size="xs"
        aria-label={`Stop following ${followed.package}`}
        onClick={() => onStop(followed.package)}
      >
        Stop following
      </Button>
    </Group>
  )
}
