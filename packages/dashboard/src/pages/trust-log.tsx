import { Text } from '@mantine/core'
import type { LogView } from '@steadfleet/protocol'
import { IconEyeOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { type Fact, Facts } from '../parts/facts.tsx'
import { Panel } from '../parts/panel.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { log, session } from '../queries.ts'
import { progressOf } from '../trust.ts'

/** Which transparency log must hold what devices run, and who watches it. */
export function TrustLog(): ReactNode {
  const { data } = useQuery(session)
  return (
    <Panel title="Transparency log" flush>
      {data?.log === 'none' ? <NoLog /> : <KeptLog line={data?.log ?? ''} />}
    </Panel>
  )
}

function NoLog(): ReactNode {
  return (
    <Empty icon={IconEyeOff} title="log: none">
      The owner’s policy names no log, so nobody else can see what these devices are given. A log is
      named by the owner’s next policy.
    </Empty>
  )
}

function KeptLog({ line }: { line: string }): ReactNode {
  const asked = useQuery(log)
  return (
    <div className="panel-body">
      <Asked of={asked}>{view => <Facts facts={factsOf(view, line)} />}</Asked>
    </div>
  )
}

function factsOf(view: LogView, line: string): Fact[] {
  return [
    ['Counts', line],
    [
      'Origin',
      <span key="origin" className="mono">
        {view.origin}
      </span>,
    ],
    ['Holds', <Trouble key="holds" said={progressOf(view)} of={view.trouble} />],
    ['Quorum', `${view.quorum} of ${view.witnesses.length} witnesses`],
    ...view.witnesses.map(
      ({ name, size, trouble }): Fact => [
        `Witness ${name}`,
        <Trouble key={name} said={`cosigned ${size} entries`} of={trouble} />,
      ],
    ),
  ]
}

function Trouble({ said, of }: { said: string; of: LogView['trouble'] }): ReactNode {
  if (of === null) return said
  return (
    <>
      {said} <ToneBadge tone="warn">{of.code}</ToneBadge>
      <Text size="xs" c="dimmed">
        {of.message}
      </Text>
    </>
  )
}
