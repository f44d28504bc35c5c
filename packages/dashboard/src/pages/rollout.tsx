import { Group, Stack, Text } from '@mantine/core'
import type { Rollout } from '@steadfleet/domain'
import { goalOf } from '@steadfleet/protocol'
import { IconHandStop } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useParams } from 'react-router'
import { toSentence } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { Moment } from '../parts/moment.tsx'
import { MoveBar } from '../parts/move-bar.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { rolloutNumber } from '../queries.ts'
import { rolloutMeanings } from '../tone.ts'
import { RolloutEvidence } from './rollout-evidence.tsx'
import { RolloutFailures } from './rollout-failures.tsx'
import { RolloutGrants } from './rollout-grants.tsx'
import { RolloutPhases } from './rollout-phases.tsx'
import { RolloutSteering } from './rollout-steering.tsx'

/** One rollout: how far it is, device by device, and the ways to steer it. */
export function RolloutPage(): ReactNode {
  const asked = useQuery(rolloutNumber(Number(useParams().rollout)))
  return <Asked of={asked}>{rollout => <Shown rollout={rollout} />}</Asked>
}

function Shown({ rollout }: { rollout: Rollout }): ReactNode {
  const { tone, means } = rolloutMeanings[rollout.state]
  const title = `${rollout.package} → ${goalOf(rollout)}`
  return (
    <Page
      title={title}
      heading={
        <Group gap="sm" component="span">
          {title}
          <ToneBadge tone={tone} means={means}>
            {toSentence(rollout.state)}
          </ToneBadge>
        </Group>
      }
      lead={
        <>
          Rollout {rollout.id} in fleet {rollout.fleet}, {rollout.channel}, made by{' '}
          {rollout.by || 'nobody known'} <Moment at={rollout.createdAt} />
          {rollout.approvedBy && `, approved by ${rollout.approvedBy}`}
        </>
      }
      actions={<RolloutSteering rollout={rollout} />}
    >
      <Why rollout={rollout} />
      <RolloutGrants rollout={rollout} />
      <Panel title="Progress">
        <MoveBar tallies={rollout.tallies} />
      </Panel>
      <RolloutEvidence rollout={rollout} />
      <RolloutFailures rollout={rollout} />
      <RolloutPhases rollout={rollout} />
    </Page>
  )
}

function Why({ rollout }: { rollout: Rollout }): ReactNode {
  if (rollout.soaksUntil) {
    return (
      <Text c="dimmed">
        Watched until <Moment at={rollout.soaksUntil} />, before the next phase opens.
      </Text>
    )
  }
  if (rollout.state === 'scheduled' && rollout.startsAt) {
    return (
      <Text c="dimmed">
        Starts by itself <Moment at={rollout.startsAt} />.
      </Text>
    )
  }
  if (rollout.why === '') return null
  if (rollout.state !== 'halted') return <Text c="dimmed">{toSentence(rollout.why)}.</Text>
  return (
    <Group className="notice" data-tone="bad" role="alert" align="flex-start" wrap="nowrap">
      <IconHandStop size={22} style={{ flex: 'none' }} aria-hidden="true" />
      <Stack gap={2}>
        <Text fw={650}>Halted by the platform: {rollout.why}</Text>
        <Text size="sm">
          No further device is ordered, and who had not taken it yet is called back. Devices that
          failed went back by themselves.
        </Text>
      </Stack>
    </Group>
  )
}
