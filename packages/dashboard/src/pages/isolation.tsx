import { Button, Group, Text } from '@mantine/core'
import type { DeviceView } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useFleet } from '../fleet.ts'
import { type Isolated, isolatedOn } from '../grants.ts'
import { DeviceLink } from '../parts/device-link.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { devicesOf, timelineOf } from '../queries.ts'
import { SetIsolation } from './set-isolation.tsx'

/** Who of a fleet is cut off from every network, since when and by whom, and the way to release it. */
export function Isolation(): ReactNode {
  const { fleet } = useFleet()
  const { data: devices = [] } = useQuery(devicesOf(fleet.name))
  const cut = devices.filter(({ isolation }) => isolation !== undefined)
  const rule =
    fleet.isolateFrom === undefined
      ? 'No package is isolated by itself: steadfleet device isolation-rule 1000 says from how many denied attempts in a minute on one shall be.'
      : `A package is isolated by itself from ${fleet.isolateFrom} denied attempts in a minute on.`
  return (
    <Panel title="Isolated" flush>
      <Text size="sm" c="dimmed" className="panel-row">
        {cut.length === 0 ? `Nothing is isolated. ${rule}` : rule}
      </Text>
      {cut.map(device => (
        <IsolatedRows key={device.id} device={device} isNamed />
      ))}
    </Panel>
  )
}

interface IsolatedRowsProps {
  readonly device: DeviceView
  /** Whether the device is said, too. */
  readonly isNamed?: boolean
}

/** What of a device is isolated, a row each. */
export function IsolatedRows({ device, isNamed }: IsolatedRowsProps): ReactNode {
  const { data = [] } = useQuery(timelineOf(device.id))
  const [releasing, setReleasing] = useState<Isolated>()
  return (
    <>
      {isolatedOn(device.isolation ?? {}, data).map(one => (
        <Group key={one.package ?? ''} className="panel-row" justify="space-between" gap="sm">
          <div>
            <Text fw={600}>{one.package ?? 'All packages'}</Text>
            <Text size="sm" component="div">
              {isNamed && (
                <>
                  on <DeviceLink id={device.id} />,{' '}
                </>
              )}
              by {one.by}
              {one.at !== undefined && (
                <>
                  , <Moment at={one.at} />
                </>
              )}
            </Text>
          </div>
          <Button
            size="xs"
            variant="default"
            aria-label={`Release ${one.package ?? 'all packages'} on ${device.name}`}
            onClick={() => setReleasing(one)}
          >
            Release
          </Button>
        </Group>
      ))}
      {releasing && (
        <SetIsolation
          device={device}
          name={releasing.package}
          isIsolated={false}
          onClose={() => setReleasing(undefined)}
        />
      )}
    </>
  )
}
