import { Button, Group, Select } from '@mantine/core'
import { IconShieldCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { useFleet } from '../fleet.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Files } from '../parts/files.tsx'
import { FleetChoice } from '../parts/fleet-choice.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { allSecurityEvents, devicesOf, securityCounts, securityEvents } from '../queries.ts'
import { Isolation } from './isolation.tsx'
import { SecurityCounts } from './security-counts.tsx'
import { SecurityRow } from './security-row.tsx'

/** What devices refused: how often by code, and each of it, newest first, with its proof. */
export function SecurityPage(): ReactNode {
  const { whose, code, choose } = useFilter()
  const counts = useQuery(securityCounts(whose))
  const question = { ...whose, ...(code !== null && { code }) }
  const events = useQuery(securityEvents(question))
  return (
    <Page
      title="Security events"
      lead="What devices refused to trust, each named by its code and signed by its device."
      actions={
        <>
          <Files name="security-events" read={() => allSecurityEvents(question)} />
          <FleetChoice />
        </>
      }
    >
      <Isolation />
      <DeviceFilter onChoose={choose} />
      <Asked of={counts}>
        {all => (
          <SecurityCounts counts={all} chosen={code} onChoose={given => choose('code', given)} />
        )}
      </Asked>
      <Asked of={events}>
        {all => (
          <Panel flush>
            {all.map(entry => (
              <SecurityRow key={entry.id} entry={entry} />
            ))}
            {all.length === 0 && <Nothing />}
          </Panel>
        )}
      </Asked>
    </Page>
  )
}

type Choose = (name: 'code' | 'device', value: string | null) => void

/** What is shown is in the address, so that it can be sent to somebody. */
function useFilter() {
  const { fleet } = useFleet()
  const [search, setSearch] = useSearchParams()
  const device = search.get('device')
  const choose: Choose = (name, value) =>
    setSearch(before => {
      const next = new URLSearchParams(before)
      if (value === null) next.delete(name)
      else next.set(name, value)
      return next
    })
  const whose = { fleet: fleet.name, ...(device !== null && { device: device as never }) }
  return { whose, code: search.get('code'), choose }
}

function DeviceFilter({ onChoose }: { onChoose: Choose }): ReactNode {
  const { fleet } = useFleet()
  const { data: devices = [] } = useQuery(devicesOf(fleet.name))
  const [search] = useSearchParams()
  const device = search.get('device')
  return (
    <Group gap="sm">
      <Select
        aria-label="Device"
        placeholder="Any device"
        data={devices.map(({ id, name }) => ({ value: id, label: name }))}
        value={device}
        onChange={value => onChoose('device', value)}
        searchable
        w={220}
      />
      {device !== null && (
        <Button variant="default" onClick={() => onChoose('device', null)}>
          Every device
        </Button>
      )}
    </Group>
  )
}

function Nothing(): ReactNode {
  return (
    <Empty icon={IconShieldCheck} tone="good" title="No device refused anything">
      A byte that changed, an older order, a revision below its floor: a device refuses each, runs
      on what it has, and says so here.
    </Empty>
  )
}
