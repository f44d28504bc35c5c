import { Button, Group, Text } from '@mantine/core'
import type { DeviceView } from '@steadfleet/protocol'
import { type ReactNode, useState } from 'react'
import { Panel } from '../parts/panel.tsx'
import { IsolatedRows } from './isolation.tsx'
import { SetIsolation } from './set-isolation.tsx'

/** Whether a device or a package on it is cut off, and the ways to do and undo that. */
export function DeviceIsolation({ device }: { device: DeviceView }): ReactNode {
  const [cutting, setCutting] = useState<{ readonly name: string | undefined }>()
  const { device: isWhole, packages = [] } = device.isolation ?? {}
  const free = device.releases.map(one => one.package).filter(one => !packages.includes(one))
  const targets = isWhole ? [] : [undefined, ...free]
  return (
    <Panel title="Isolation" flush>
      <IsolatedRows device={device} />
      {device.isolation === undefined && (
        <Text size="sm" c="dimmed" className="panel-row">
          Nothing is isolated.
        </Text>
      )}
      {targets.length > 0 && (
        <Group gap="xs" className="panel-row">
          {targets.map(name => (
            <Button
              key={name ?? ''}
              size="xs"
              variant="default"
              onClick={() => setCutting({ name })}
            >
              Isolate {name ?? 'all packages'}
            </Button>
          ))}
        </Group>
      )}
      {cutting && (
        <SetIsolation
          device={device}
          name={cutting.name}
          isIsolated
          onClose={() => setCutting(undefined)}
        />
      )}
    </Panel>
  )
}
