import { useLocalStorage } from '@mantine/hooks'
import type { FleetView } from '@steadfleet/protocol'
import { IconCpu } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { FleetContext } from '../fleet.ts'
import { fleets } from '../queries.ts'
import { Asked } from './asked.tsx'
import { Empty } from './empty.tsx'

/** Gives every page inside it the fleet that it is about. */
export function FleetGate({ children }: { children: ReactNode }): ReactNode {
  return <Asked of={useQuery(fleets)}>{all => <Chosen fleets={all}>{children}</Chosen>}</Asked>
}

interface ChosenProps {
  readonly fleets: readonly FleetView[]
  readonly children: ReactNode
}

function Chosen({ fleets, children }: ChosenProps): ReactNode {
  const [name, choose] = useLocalStorage({ key: 'steadfleet-fleet', defaultValue: '' })
  const fleet = fleets.find(each => each.name === name) ?? fleets[0]
  if (!fleet)
    return (
      <Empty icon={IconCpu} title="This server has no fleet yet">
        Create one with <code>npx steadfleet init</code>, then start the server on its folder.
      </Empty>
    )
  return <FleetContext value={{ fleet, fleets, choose }}>{children}</FleetContext>
}
