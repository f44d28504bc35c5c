import { Grid, Group, Stack } from '@mantine/core'
import { type DeviceView, toWaitingLine } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useParams } from 'react-router'
import { Asked } from '../parts/asked.tsx'
import { DevicePresence, DeviceState } from '../parts/device-state.tsx'
import { LogBadge } from '../parts/log-badge.tsx'
import { Page } from '../parts/page.tsx'
import { deviceNamed } from '../queries.ts'
import { changeMeanings } from '../tone.ts'
import { DeviceConfinement } from './device-confinement.tsx'
import { DeviceFacts } from './device-facts.tsx'
import { DeviceGrants } from './device-grants.tsx'
import { DeviceHealth } from './device-health.tsx'
import { DeviceIsolation } from './device-isolation.tsx'
import { DevicePeople } from './device-people.tsx'
import { DeviceRefusals } from './device-refusals.tsx'
import { DeviceSettings } from './device-settings.tsx'
import { DeviceSoftware } from './device-software.tsx'
import { DeviceTimeline } from './device-timeline.tsx'

/** One device: what it is, what it runs, what happened to it and why. */
export function DevicePage(): ReactNode {
  const { device = '' } = useParams()
  return <Asked of={useQuery(deviceNamed(device))}>{found => <Shown device={found} />}</Asked>
}

/** What the state of its change means; what an update waits for, where it does. */
function leadOf({ state, waiting }: DeviceView): string {
  if (waiting === null) return changeMeanings[state].means
  return `An update waits: ${toWaitingLine(waiting)}.`
}

function Shown({ device }: { device: DeviceView }): ReactNode {
  return (
    <Page
      title={device.name}
      heading={
        <Group gap="sm" component="span">
          {device.name}
          <DeviceState device={device} />
          <DevicePresence device={device} />
          <LogBadge log={device.log} />
        </Group>
      }
      lead={leadOf(device)}
    >
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="lg">
            <DeviceSoftware device={device} />
            <DeviceGrants device={device} />
            <DeviceTimeline device={device.id} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="lg">
            <DevicePeople device={device} />
            <DeviceFacts device={device} />
            <DeviceHealth device={device.id} />
            <DeviceRefusals device={device} />
            <DeviceIsolation device={device} />
            <DeviceSettings device={device} />
            <DeviceConfinement device={device} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Page>
  )
}
