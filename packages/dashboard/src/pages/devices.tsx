import { Button, Group, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconPlus, IconSearchOff } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { useFleet } from '../fleet.ts'
import { toCount } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Files } from '../parts/files.tsx'
import { FleetChoice } from '../parts/fleet-choice.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { allDevices, devicePages, deviceSetOf } from '../queries.ts'
import { type DeviceQuestion, searchIn, toAddress, toQuestion } from '../search.ts'
import { ActOnDevices } from './act-on-devices.tsx'
import { DeviceSearchBar } from './devices-search.tsx'
import { DeviceTable } from './devices-table.tsx'

/** So long a person who types is waited for. */
const typingMs = 250

/** Every device of the fleet, with ways to find some and to act on them. */
export function DevicesPage(): ReactNode {
  const { fleet } = useFleet()
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
      {fleet.devices > 0 ? <Searched /> : <None />}
    </Page>
  )
}

/** The search is in the address, so that other pages lead to what it finds. */
function Searched(): ReactNode {
  const { fleet } = useFleet()
  const [address, setAddress] = useSearchParams()
  const search = searchIn(address)
  const [question] = useDebouncedValue(toQuestion(search), typingMs)
  const [isActing, setActing] = useState(false)
  return (
    <>
      <DeviceSearchBar
        search={search}
        onSearch={given => setAddress(toAddress(given), { replace: true })}
        aside={
          <>
            <Files name="devices" read={() => allDevices(fleet.name, question)} />
            <Button variant="default" onClick={() => setActing(true)}>
              Act on these
            </Button>
          </>
        }
      />
      <Found fleet={fleet.name} of={fleet.devices} question={question} />
      {isActing && (
        <ActOnDevices fleet={fleet.name} question={question} onClose={() => setActing(false)} />
      )}
    </>
  )
}

interface FoundProps {
  readonly fleet: string
  readonly of: number
  readonly question: DeviceQuestion
}

function Found({ fleet, of, question }: FoundProps): ReactNode {
  const asked = useInfiniteQuery(devicePages(fleet, question))
  const { data: preview } = useQuery(deviceSetOf(fleet, question))
  return (
    <>
      <Asked of={asked}>
        {({ pages }) => (
          <Panel flush>
            {pages.flat().length > 0 ? <DeviceTable devices={pages.flat()} /> : <NoneSuch />}
          </Panel>
        )}
      </Asked>
      {asked.hasNextPage && (
        <Group justify="center">
          <Button
            variant="default"
            loading={asked.isFetchingNextPage}
            onClick={() => void asked.fetchNextPage()}
          >
            Show more
          </Button>
        </Group>
      )}
      <Text size="sm" c="dimmed" role="status">
        {preview && countOf(preview.devices, of)}
      </Text>
    </>
  )
}

function countOf(found: number, of: number): string {
  return found === of ? toCount(of, 'device') : `${found} of ${toCount(of, 'device')}`
}

function NoneSuch(): ReactNode {
  return (
    <Empty icon={IconSearchOff} title="No device meets this search">
      Words are looked for in names, ids, models, labels, packages and notes.
    </Empty>
  )
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
