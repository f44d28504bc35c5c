import { Group, Stack, Text } from '@mantine/core'
import type { FailureView } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { failureKinds } from '../defects.ts'
import { toSentence } from '../format/text.ts'
import { DeviceLink } from '../parts/device-link.tsx'
import { LogLines } from '../parts/log-lines.tsx'
import { Moment } from '../parts/moment.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { endOf } from '../timeline.ts'

/** One failure: where, of what, why, and what the app said last. */
export function FailureRow({ view: { device, at, failure } }: { view: FailureView }): ReactNode {
  return (
    <Stack className="panel-row" gap={10} component="article">
      <Group justify="space-between" gap="xs">
        <Group gap="sm">
          <ToneBadge tone="bad">{failureKinds[failure.kind]}</ToneBadge>
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
      {failure.journal && (
        <LogLines lines={failure.journal} label={`The change of ${failure.package}`} />
      )}
      <LogLines lines={failure.log} label={`Last lines of ${failure.app ?? failure.package}`} />
    </Stack>
  )
}
