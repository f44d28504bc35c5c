import { Group, Stack, Text } from '@mantine/core'
import type { TimelineEntry } from '@steadfleet/protocol'
import { IconShieldCheck, IconShieldLock } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { Asked } from '../parts/asked.tsx'
import { DeviceLink } from '../parts/device-link.tsx'
import { Empty } from '../parts/empty.tsx'
import { Mark } from '../parts/mark.tsx'
import { Moment } from '../parts/moment.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { securityEvents } from '../queries.ts'

/** What devices refused, newest first, each by the name of the attack. */
export function SecurityPage(): ReactNode {
  const asked = useQuery(securityEvents)
  return (
    <Page title="Security events" lead="What devices refused to trust, each named by its code.">
      <Asked of={asked}>
        {all => (
          <Panel flush>
            {all.map(entry => (
              <SecurityRow key={entry.id} entry={entry} />
            ))}
            {all.length === 0 && (
              <Empty icon={IconShieldCheck} tone="good" title="No device refused anything">
                A byte that changed, an older order, a revision below its floor: a device refuses
                each, runs on what it has, and says so here.
              </Empty>
            )}
          </Panel>
        )}
      </Asked>
    </Page>
  )
}

function SecurityRow({ entry: { device, event } }: { entry: TimelineEntry }): ReactNode {
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
        <Text size="sm">{toSentence(event.message)}</Text>
        <Text size="xs" className="mono" c="var(--bad)">
          {event.code}
        </Text>
      </Stack>
    </article>
  )
}
