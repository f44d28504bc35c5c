import type { DeviceView } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Asked } from '../parts/asked.tsx'
import { Panel } from '../parts/panel.tsx'
import { grantsOf } from '../queries.ts'
import { GrantRow } from './grant-row.tsx'

/** What the packages of a device may touch on it, and the words about this device alone. */
export function DeviceGrants({ device }: { device: DeviceView }): ReactNode {
  const asked = useQuery(grantsOf(device.fleet, device.id))
  const place = { fleet: device.fleet, devices: 1, device: { id: device.id, name: device.name } }
  return (
    <Asked of={asked}>
      {({ grants, decisions }) =>
        grants.length === 0
          ? null
          : [...Map.groupBy(grants, one => one.package)].map(([name, of]) => (
              <Panel key={name} title={`What ${name} may touch here`} flush>
                {of.map(grant => (
                  <GrantRow key={grant.interface} {...{ grant, decisions, place }} />
                ))}
              </Panel>
            ))
      }
    </Asked>
  )
}
