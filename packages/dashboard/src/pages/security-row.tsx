import { Anchor, Group, Stack, Text } from '@mantine/core'
import type { TimelineEntry } from '@steadfleet/protocol'
import { IconShieldLock } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { addressOf } from '../api.ts'
import { toSentence } from '../format/text.ts'
import { DeviceLink } from '../parts/device-link.tsx'
import { EventDetails } from '../parts/event-details.tsx'
import { Mark } from '../parts/mark.tsx'
import { Moment } from '../parts/moment.tsx'

/** One thing that a device refused: on which, what, why, and the report in which it signed that. */
export function SecurityRow({ entry }: { entry: TimelineEntry }): ReactNode {
  const { id, device, event, hasEvidence } = entry
  return (
    <article className="panel-row">
      <Mark icon={IconShieldLock} tone="bad" />
      <Stack gap={4} style={{ flex: 1, minWidth: 0 }}>
        <Group justify="space-between" gap="xs">
          <DeviceLink id={device} />
          <Text size="sm" c="dimmed" component="span">
            <Moment at={event.at} />
          </Text>
        </Group>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
          {toSentence(event.message)}
        </Text>
        <Group gap="md">
          <Text size="xs" className="mono" c="var(--bad)">
            {event.code}
          </Text>
          {hasEvidence && (
            <Anchor
              size="xs"
              href={addressOf('getEventEvidence', { params: { event: id } })}
              download={`event-${id}.json`}
            >
              Signed report
            </Anchor>
          )}
        </Group>
        <EventDetails details={event.details ?? {}} />
      </Stack>
    </article>
  )
}
