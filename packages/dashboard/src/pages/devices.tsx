import { Button, Text } from '@mantine/core'
import type { DeviceView } from '@steadfleet/protocol'
import { IconPlus, IconSearchOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { useFleet } from '../fleet.ts'
import { toCount } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { FleetChoice } from '../parts/fleet-choice.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { devicesOf, groupsOf } from '../queries.ts'
import { type DeviceSearch, findDevices } from '../search.ts'
import { DeviceSearchBar } from './devices-search.tsx'
import { DeviceTable } from './devices-table.tsx'

/** Every device of the fleet, with ways to find one. */
export function DevicesPage(): ReactNode {
  const { fleet } = useFleet()
  const asked = useQuery(devicesOf(fleet.name))
  return (
    <Page
      title="Devices"
      lead={`Fleet ${fleet.name}`}
      actions={
        <>
          <FleetChoice />
          <Button component={Link} to="/enrol" leftSection={<IconPlus size={16} />}>
            Enrol a device
          </Button>
        </>
      }
    >
      <Asked of={asked}>
        {devices => (devices.length > 0 ? <Found devices={devices} /> : <None />)}
      </Asked>
    </Page>
  )
}

function Found({ devices }: { devices: readonly DeviceView[] }): ReactNode {
  const [search, setSearch] = useSearch()
  const found = findDevices(devices, search)
  return (
    <>
      <DeviceSearchBar search={search} onSearch={setSearch} />
      <Panel flush>
        {found.length > 0 ? (
          <DeviceTable devices={found} />
        ) : (
          <Empty icon={IconSearchOff} title="No device meets this search">
            Search by name, id, model, package, version or attribute.
          </Empty>
        )}
      </Panel>
      <Text size="sm" c="dimmed" role="status">
        {found.length === devices.length
          ? toCount(devices.length, 'device')
          : `${found.length} of ${toCount(devices.length, 'device')}`}
      </Text>
    </>
  )
}

/** The group is in the address, so that other pages lead to its devices. */
function useSearch() {
  const { fleet } = useFleet()
  const { data: groups = [] } = useQuery(groupsOf(fleet.name))
  const [given, setGiven] = useState<Omit<DeviceSearch, 'group'>>({ text: '', presence: 'all' })
  const [address, setAddress] = useSearchParams()
  const group = groups.find(({ name }) => name === address.get('group'))
  const change = (search: DeviceSearch): void => {
    setGiven(search)
    if (search.group !== group) setAddress(search.group ? { group: search.group.name } : {})
  }
  return [{ ...given, group }, change] as const
}

function None(): ReactNode {
  return (
    <Panel flush>
      <Empty icon={IconPlus} title="This fleet has no device yet">
        <Link to="/enrol">Enrol the first one</Link>: it takes one line on the machine that joins.
      </Empty>
    </Panel>
  )
}
