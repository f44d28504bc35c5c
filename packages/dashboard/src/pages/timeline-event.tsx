import { Group, Text } from '@mantine/core'
import type { DeviceEvent } from '@steadfleet/domain'
import {
  type Icon,
  IconAlertTriangle,
  IconAppWindow,
  IconArrowsExchange,
  IconCpu,
  IconServer,
  IconShieldLock,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { EventDetails } from '../parts/event-details.tsx'
import { TimelineLine } from '../parts/timeline-line.tsx'
import type { EventStory } from '../story.ts'
import { kindWords, toneOf } from '../timeline.ts'
import { FailureLog } from './failure-log.tsx'

const icons: Readonly<Record<DeviceEvent['kind'], Icon>> = {
  change: IconArrowsExchange,
  app: IconAppWindow,
  failure: IconAlertTriangle,
  security: IconShieldLock,
  agent: IconCpu,
  server: IconServer,
}

/** One thing that happened, in the device's words, with all that it said of it. */
export function TimelineEvent({ story: { at, event } }: { story: EventStory }): ReactNode {
  const { kind, code, failure, details = {} } = event
  return (
    <TimelineLine icon={icons[kind]} tone={toneOf(event)} title={toSentence(event.message)} at={at}>
      <Group gap={8}>
        <Text size="xs" c="dimmed">
          {kindWords[kind]}
        </Text>
        {code !== undefined && (
          <Text size="xs" className="mono" c={toneOf(event) === 'bad' ? 'var(--bad)' : 'dimmed'}>
            {code}
          </Text>
        )}
      </Group>
      <EventDetails details={details} />
      {failure && <FailureLog failure={failure} said={event.message} />}
    </TimelineLine>
  )
}
