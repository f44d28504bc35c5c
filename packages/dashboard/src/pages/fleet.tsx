import { Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { useFleet } from '../fleet.ts'
import { toSpan } from '../format/time.ts'
import { FleetChoice } from '../parts/fleet-choice.tsx'
import { Page } from '../parts/page.tsx'
import { FleetGroups } from './fleet-groups.tsx'
import { FleetHealth } from './fleet-health.tsx'
import { FleetPackages } from './fleet-packages.tsx'

/** How a fleet is run: the packages it follows, and its groups. */
export function FleetPage(): ReactNode {
  const { fleet } = useFleet()
  const interval = toSpan(
    new Date(0).toISOString(),
    new Date(fleet.checkInSeconds * 1000).toISOString(),
  )
  return (
    <Page
      title="Fleet"
      lead={`Fleet ${fleet.name}, of ${fleet.model}. A device that hears nothing asks every ${interval}.`}
      actions={<FleetChoice />}
    >
      <Stack gap="lg">
        <FleetPackages fleet={fleet} />
        <FleetGroups fleet={fleet} />
        <FleetHealth fleet={fleet.name} />
      </Stack>
    </Page>
  )
}
