import { Group, Stack, Text } from '@mantine/core'
import type { Failure } from '@steadfleet/domain'
import type { FailureView } from '@steadfleet/protocol'
import { IconCircleCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { DeviceLink } from '../parts/device-link.tsx'
import { Empty } from '../parts/empty.tsx'
import { LogLines } from '../parts/log-lines.tsx'
import { Moment } from '../parts/moment.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { failures } from '../queries.ts'
import { endOf } from '../timeline.ts'

/** What devices reported as failed, newest first, with what the app said last. */
export function FailuresPage(): ReactNode {
  const asked = useQuery(failures)
  return (
    <Page title="Failures" lead="As devices reported them, with the last lines the app printed.">
      <Asked of={asked}>
        {all => (
          <Panel flush>
            {all.map(view => (
              <FailureRow key={view.id} view={view} />
            ))}
            {all.length === 0 && (
              <Empty icon={IconCircleCheck} tone="good" title="No device reported a failure">
                When an app dies or a change does not hold, its last lines are here.
              </Empty>
            )}
          </Panel>
        )}
      </Asked>
    </Page>
  )
}

function FailureRow({ view: { device, at, failure } }: { view: FailureView }): ReactNode {
  return (
    <Stack className="panel-row" gap={10} component="article">
      <Group justify="space-between" gap="xs">
        <Group gap="sm">
          <ToneBadge tone="bad">{kinds[failure.kind]}</ToneBadge>
          <Text fw={600}>
            {failure.package} revision {failure.revision}
          </Text>
          <Text c="dimmed">on</Text>
          <DeviceLink id={device} />
        </Group>
        <Text size="sm" c="dimmed" component="span">
          <Moment at={at} />
        </Text>
      </Group>
      <Text size="sm">
        {[toSentence(failure.reason), endOf(failure)].filter(Boolean).join(' · ')}
      </Text>
      <LogLines lines={failure.log} label={`Last lines of ${failure.app ?? failure.package}`} />
    </Stack>
  )
}

const kinds: Readonly<Record<Failure['kind'], string>> = {
  probation: 'Failed probation',
  crash: 'Crashed',
  change: 'Change failed',
  'out of memory': 'Out of memory',
}
