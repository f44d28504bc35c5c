import { Group, Stack, Text, Tooltip } from '@mantine/core'
import type { DeviceEvent } from '@steadfleet/domain'
import type { TimelineEntry } from '@steadfleet/protocol'
import {
  type Icon,
  IconAlertTriangle,
  IconAppWindow,
  IconArrowsExchange,
  IconCpu,
  IconShieldLock,
  IconSignature,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { toAbsolute, toClock } from '../format/time.ts'
import { LogLines } from '../parts/log-lines.tsx'
import { Mark } from '../parts/mark.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { endOf, kindWords, toneOf } from '../timeline.ts'
import { changeMeanings } from '../tone.ts'

const icons: Readonly<Record<DeviceEvent['kind'], Icon>> = {
  change: IconArrowsExchange,
  app: IconAppWindow,
  failure: IconAlertTriangle,
  security: IconShieldLock,
  agent: IconCpu,
  server: IconSignature,
}

/** One thing that happened, in words, with all that was said of it. */
export function TimelineItem({ entry: { event } }: { entry: TimelineEntry }): ReactNode {
  return (
    <li>
      <Mark icon={icons[event.kind]} tone={toneOf(event)} />
      <Stack gap={6} style={{ flex: 1, minWidth: 0 }} pt={4}>
        <Group justify="space-between" gap="xs" wrap="nowrap" align="baseline">
          <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
            {toSentence(event.message)}
          </Text>
          <Text size="xs" c="dimmed" component="span" style={{ flex: 'none' }}>
            <Tooltip label={toAbsolute(event.at)}>
              <time dateTime={event.at}>{toClock(event.at)}</time>
            </Tooltip>
          </Text>
        </Group>
        <Group gap={8}>
          <Said event={event} />
        </Group>
        {event.failure && <FailureLog failure={event.failure} />}
      </Stack>
    </li>
  )
}

function Said({ event }: { event: DeviceEvent }): ReactNode {
  const { kind, state, generation, code, details = {} } = event
  const facts = [
    kindWords[kind],
    ...(generation === undefined ? [] : [`generation ${generation}`]),
    ...Object.entries(details).map(([name, value]) => `${name} ${value}`),
  ]
  return (
    <>
      {state !== undefined && (
        <ToneBadge tone={changeMeanings[state].tone} means={changeMeanings[state].means}>
          {toSentence(state)}
        </ToneBadge>
      )}
      <Text size="xs" c="dimmed">
        {facts.join(' · ')}
      </Text>
      {code !== undefined && (
        <Text size="xs" className="mono" c="var(--bad)">
          {code}
        </Text>
      )}
    </>
  )
}

function FailureLog({ failure }: { failure: NonNullable<DeviceEvent['failure']> }): ReactNode {
  const end = endOf(failure)
  return (
    <>
      <Text size="sm">
        {toSentence(failure.reason)}
        {end !== undefined && ` (${end})`}
      </Text>
      <LogLines lines={failure.log} label={`Last lines of ${failure.app ?? failure.package}`} />
    </>
  )
}
