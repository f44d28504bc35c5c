import { Group, Text } from '@mantine/core'
import type { DeviceView } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useFleet } from '../fleet.ts'
import { toList, toShortPackage } from '../format/text.ts'
import { DevicePresence, DeviceState } from '../parts/device-state.tsx'
import { LogBadge } from '../parts/log-badge.tsx'
import { Panel } from '../parts/panel.tsx'
import { devicesOf } from '../queries.ts'
import { worstFirst } from '../search.ts'

const shown = 5

/** A few devices at a glance, those that are not well first. */
export function DevicesPanel(): ReactNode {
  const { fleet } = useFleet()
  const { data: devices = [] } = useQuery(devicesOf(fleet.name))
  if (devices.length === 0) return null
  const all = (
    <Link to="/devices">
      <Text size="sm">All devices</Text>
    </Link>
  )
  return (
    <Panel title="Devices" aside={all} flush>
      {worstFirst(devices)
        .slice(0, shown)
        .map(device => (
          <DeviceLine key={device.id} device={device} />
        ))}
    </Panel>
  )
}

function DeviceLine({ device }: { device: DeviceView }): ReactNode {
  const runs = device.releases.map(
    release => `${toShortPackage(release.package)} revision ${release.revision}`,
  )
  return (
    <Group className="panel-row" justify="space-between" gap="xs">
      <div style={{ flex: '1 1 170px', minWidth: 0 }}>
        <Group gap={8}>
          <Link className="quiet-link" to={`/devices/${device.id}`}>
            {device.name}
          </Link>
          <LogBadge log={device.log} />
        </Group>
        <Text size="sm" c="dimmed" truncate>
          {toList(runs) || 'runs nothing yet'}
        </Text>
      </div>
      <Group gap={6}>
        <DeviceState device={device} />
        <DevicePresence device={device} />
      </Group>
    </Group>
  )
}
