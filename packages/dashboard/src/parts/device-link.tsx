import { Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useFleet } from '../fleet.ts'
import { devicesOf } from '../queries.ts'
import { LogBadge } from './log-badge.tsx'

/** A device by its name, with its log beside it; one that the fleet no longer has, by its id. */
export function DeviceLink({ id }: { id: string }): ReactNode {
  const { fleet } = useFleet()
  const { data } = useQuery(devicesOf(fleet.name))
  const device = data?.find(each => each.id === id)
  return (
    <Group gap={8} wrap="nowrap" component="span" display="inline-flex">
      <Link className="quiet-link" to={`/devices/${id}`}>
        {device?.name ?? id}
      </Link>
      {device && <LogBadge log={device.log} />}
    </Group>
  )
}
