import type { FleetGrants } from '@steadfleet/protocol'
import { IconLockAccess } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { useFleet } from '../fleet.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Facts } from '../parts/facts.tsx'
import { Files } from '../parts/files.tsx'
import { FleetChoice } from '../parts/fleet-choice.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { grantsOf } from '../queries.ts'
import { GrantRow } from './grant-row.tsx'

const readGrants = async (fleet: string) =>
  (await call('listGrants', { params: { fleet }, query: {} })).grants

/** What the packages of a fleet may touch, by whose word, and what more they ask for. */
export function GrantsPage(): ReactNode {
  const { fleet } = useFleet()
  const asked = useQuery(grantsOf(fleet.name))
  return (
    <Page
      title="Grants"
      lead="What packages ask to touch, what each is granted, and by whose word."
      actions={
        <>
          <Files name="grants" read={() => readGrants(fleet.name)} />
          <FleetChoice />
        </>
      }
    >
      <Asked of={asked}>
        {found => (
          <>
            <ByPackage found={found} />
            <Rules title="Rules of this fleet" rules={found.rules} />
            <Rules title={`Rules of its model, ${fleet.model}`} rules={found.modelRules} />
          </>
        )}
      </Asked>
    </Page>
  )
}

function ByPackage({ found: { grants, decisions } }: { found: FleetGrants }): ReactNode {
  const { fleet } = useFleet()
  if (grants.length === 0) return <None />
  const place = { fleet: fleet.name, devices: fleet.devices }
  return [...Map.groupBy(grants, one => one.package)].map(([name, of]) => (
    <Panel key={name} title={name} flush>
      {of.map(grant => (
        <GrantRow key={grant.interface} {...{ grant, decisions, place }} />
      ))}
    </Panel>
  ))
}

function None(): ReactNode {
  return (
    <Panel flush>
      <Empty icon={IconLockAccess} tone="good" title="No package asks for anything">
        A package that asks for the network, a camera or a bus is listed here, with the word that
        was said of it.
      </Empty>
    </Panel>
  )
}

interface RulesProps {
  readonly title: string
  readonly rules: FleetGrants['rules']
}

/** Who has an interface without being asked about. */
function Rules({ title, rules }: RulesProps): ReactNode {
  const facts = Object.entries(rules).map(([name, all]) => [name, all.join(', ')] as const)
  if (facts.length === 0) return null
  return (
    <Panel title={title}>
      <Facts facts={facts} />
    </Panel>
  )
}
