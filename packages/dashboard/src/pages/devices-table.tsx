import { Box, Group, Table, Text } from '@mantine/core'
import type { DeviceView } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { toShortPackage } from '../format/text.ts'
import { DevicePresence, DeviceState } from '../parts/device-state.tsx'
import { LogBadge } from '../parts/log-badge.tsx'
import { Moment } from '../parts/moment.tsx'

/** Devices with what they run; on a phone, what matters most of each. */
export function DeviceTable({ devices }: { devices: readonly DeviceView[] }): ReactNode {
  return (
    <Table verticalSpacing="sm" layout="auto">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Device</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th visibleFrom="sm">Runs</Table.Th>
          <Table.Th visibleFrom="md">Presence</Table.Th>
          <Table.Th visibleFrom="md">Last seen</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {devices.map(device => (
          <DeviceRow key={device.id} device={device} />
        ))}
      </Table.Tbody>
    </Table>
  )
}

function DeviceRow({ device }: { device: DeviceView }): ReactNode {
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={8}>
          <Link className="quiet-link" to={`/devices/${device.id}`}>
            {device.name}
          </Link>
          <LogBadge log={device.log} />
        </Group>
        <Text size="xs" c="dimmed" component="div" hiddenFrom="md" mt={2}>
          <LastSeen device={device} />
        </Text>
        <Text size="xs" c="dimmed" visibleFrom="md" mt={2}>
          {device.model ? `${device.model}, ` : ''}
          {device.architecture}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={6}>
          <DeviceState device={device} />
          <Box hiddenFrom="md">
            <DevicePresence device={device} />
          </Box>
        </Group>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Runs device={device} />
      </Table.Td>
      <Table.Td visibleFrom="md">
        <DevicePresence device={device} />
      </Table.Td>
      <Table.Td visibleFrom="md" style={{ whiteSpace: 'nowrap' }}>
        <LastSeen device={device} />
      </Table.Td>
    </Table.Tr>
  )
}

function LastSeen({ device: { seenAt } }: { device: DeviceView }): ReactNode {
  return seenAt === null ? 'never seen' : <Moment at={seenAt} />
}

function Runs({ device: { releases } }: { device: DeviceView }): ReactNode {
  if (releases.length === 0)
    return (
      <Text size="sm" c="dimmed">
        nothing yet
      </Text>
    )
  return releases.map(release => (
    <Text size="sm" key={release.package}>
      {toShortPackage(release.package)} {release.version}{' '}
      <Text span c="dimmed">
        revision {release.revision}
      </Text>
    </Text>
  ))
}
