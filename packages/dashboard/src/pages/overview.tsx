import { SimpleGrid, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { useFleet } from '../fleet.ts'
import { toCount } from '../format/text.ts'
import { FleetChoice } from '../parts/fleet-choice.tsx'
import { Page } from '../parts/page.tsx'
import { AttentionPanel } from './overview-attention.tsx'
import { DevicesPanel } from './overview-devices.tsx'
import { FreshnessPanel } from './overview-freshness.tsx'
import { MovingPanel } from './overview-moving.tsx'

/** What needs a person now, how fresh the fleet is, and what is moving. */
export function OverviewPage(): ReactNode {
  const { fleet } = useFleet()
  return (
    <Page
      title="Overview"
      lead={`Fleet ${fleet.name}: ${toCount(fleet.devices, 'device')}, ${fleet.online} online`}
      actions={<FleetChoice />}
    >
      <Stack gap="lg">
        <AttentionPanel />
        <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
          <Stack gap="lg">
            <FreshnessPanel />
            <DevicesPanel />
          </Stack>
          <div>
            <MovingPanel />
          </div>
        </SimpleGrid>
      </Stack>
    </Page>
  )
}
