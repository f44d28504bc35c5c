import { Button, Stack, Text } from '@mantine/core'
import { IconHistory } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useNow } from '../now.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Panel } from '../parts/panel.tsx'
import { rollouts, timelineOf } from '../queries.ts'
import { toStories } from '../story.ts'
import { byDay } from '../timeline.ts'
import { TimelineChange } from './timeline-change.tsx'
import { TimelineEvent } from './timeline-event.tsx'

const step = 100
const most = 1000

/** What happened on a device, newest first: what changed, when, why. */
export function DeviceTimeline({ device }: { device: string }): ReactNode {
  const [limit, setLimit] = useState(step)
  const now = useNow()
  const asked = useQuery(timelineOf(device, limit))
  const { data: known = [] } = useQuery(rollouts)
  return (
    <Panel title="Timeline">
      <Asked of={asked}>
        {entries => (
          <Stack gap="md">
            {byDay(toStories(entries), now).map(day => (
              <section key={day.name} aria-label={day.name}>
                <Text size="sm" c="dimmed" fw={600} mb="sm">
                  {day.name}
                </Text>
                <ol className="timeline">
                  {day.stories.map(story =>
                    story.kind === 'change' ? (
                      <TimelineChange key={story.key} story={story} rollouts={known} />
                    ) : (
                      <TimelineEvent key={story.key} story={story} />
                    ),
                  )}
                </ol>
              </section>
            ))}
            {entries.length === 0 && (
              <Empty icon={IconHistory} title="Nothing has happened yet">
                The device says what it does when it next asks.
              </Empty>
            )}
            {entries.length === limit && limit < most && (
              <Button
                variant="default"
                loading={asked.isFetching}
                onClick={() => setLimit(Math.min(most, limit + step))}
              >
                Show earlier
              </Button>
            )}
          </Stack>
        )}
      </Asked>
    </Panel>
  )
}
