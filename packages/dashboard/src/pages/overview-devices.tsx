import { Group, SimpleGrid, Text } from '@mantine/core'
import type { DeviceView } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useFleet } from '../fleet.ts'
import { toShortPackage } from '../format/text.ts'
import { useNow } from '../now.ts'
import { DevicePresence, DeviceState } from '../parts/device-state.tsx'
import { LogBadge } from '../parts/log-badge.tsx'
import { Panel } from '../parts/panel.tsx'
import { devicesOf } from '../queries.ts'
import { worstFirst } from '../search.ts'

const shown = 6

/** A few devices at a glance, those that are not well first. */
export function DevicesPanel(): ReactNode {
  const { fleet } = useFleet()
  const { data: devices = [] } = useQuery(devicesOf(fleet.name))
  const now = useNow()
  if (devices.length === 0) return null
  return (
    <Panel
      title="Devices"
      aside={
        <Link to="/devices">
          <Text size="sm">All devices</Text>
        </Link>
      }
    >
      <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="md">
        {worstFirst(devices, now)
          .slice(0, shown)
          .map(device => (
            <Tile key={device.id} device={device} />
          ))}
      </SimpleGrid>
    </Panel>
  )
}

function Tile({ device }: { device: DeviceView }): ReactNode {
  return (
    <div className="tile">
      <Group justify="space-between" gap={8}>
        <Link className="quiet-link" to={`/devices/${device.id}`}>
          {device.name}
        </Link>
        <LogBadge log={device.log} />
      </Group>
      <Group gap={6}>
        <DeviceState device={device} />
        <DevicePresence device={device} />
      </Group>
      <div>
        {device.releases.slice(0, 3).map(release => (
          <Text size="sm" c="dimmed" key={release.package} truncate>
            {toShortPackage(release.package)} {release.version}, revision {release.revision}
          </Text>
        ))}
      </div>
    </div>
  )
}
