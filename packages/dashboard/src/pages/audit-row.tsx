import { Group, Stack, Text } from '@mantine/core'
import type { AuditEntry } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { Moment } from '../parts/moment.tsx'

/** One act: who, what, of what, and how it changed. */
export function AuditRow({ entry }: { entry: AuditEntry }): ReactNode {
  const { sequence, at, by, place, act, fleet, subject, before, after } = entry
  return (
    <article className="panel-row">
      <Stack gap={4} style={{ flex: 1, minWidth: 0 }}>
        <Group justify="space-between" gap="xs">
          <Text style={{ overflowWrap: 'anywhere' }}>
            <Text component="span" fw={600}>
              {by}
            </Text>{' '}
            {act} {subject}
            {fleet !== '' && fleet !== subject && ` in ${fleet}`}
          </Text>
          <Text size="sm" c="dimmed" component="span">
            <Moment at={at} />
          </Text>
        </Group>
        {before !== '' && <Said word="before" text={before} />}
        {after !== '' && <Said word="after" text={after} />}
        <Text size="xs" c="dimmed">
          {`#${sequence}${place === '' ? '' : ` · ${place}`}`}
        </Text>
      </Stack>
    </article>
  )
}

function Said({ word, text }: { word: string; text: string }): ReactNode {
  return (
    <Text size="xs" className="mono" style={{ overflowWrap: 'anywhere' }}>
      {word} {text}
    </Text>
  )
}
