import { Group, Text } from '@mantine/core'
import type { Rollout } from '@steadfleet/domain'
import { IconArrowBackUp, IconArrowsExchange } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { toSentence, toSize } from '../format/text.ts'
import { toSpan } from '../format/time.ts'
import { TimelineLine } from '../parts/timeline-line.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { type ChangeStory, causeOf } from '../story.ts'
import { endingOf } from '../timeline.ts'
import { changeMeanings } from '../tone.ts'
import { FailureLog } from './failure-log.tsx'

interface TimelineChangeProps {
  readonly story: ChangeStory
  readonly rollouts: readonly Rollout[]
}

/** One change: what it changes, why, how it came out, and how it went. */
export function TimelineChange({ story, rollouts }: TimelineChangeProps): ReactNode {
  const { state, generation, why, failures } = story
  const { tone, means } = changeMeanings[state]
  const icon = why === undefined ? IconArrowsExchange : IconArrowBackUp
  return (
    <TimelineLine icon={icon} tone={tone} title={toSentence(story.what)} at={story.at}>
      <Group gap={8}>
        <ToneBadge tone={tone} means={means}>
          {toSentence(state)}
        </ToneBadge>
        <Text size="xs" c="dimmed" component="span">
          generation {generation}, <Cause story={story} rollouts={rollouts} />
        </Text>
      </Group>
      {why !== undefined && (
        <Text size="sm">
          {endingOf(state)}: {why}
        </Text>
      )}
      {failures.map(failure => (
        <FailureLog key={failure.package} failure={failure} said={why} />
      ))}
      <Way story={story} />
    </TimelineLine>
  )
}

function Cause({ story, rollouts }: TimelineChangeProps): ReactNode {
  const rollout = causeOf(story, rollouts)
  if (rollout)
    return (
      <>
        because{' '}
        <Link to={`/rollouts/${rollout.id}`}>
          rollout {rollout.id} of {rollout.channel}
        </Link>{' '}
        ordered it
      </>
    )
  return story.counter === undefined ? 'ordered' : `by order ${story.counter}`
}

function Way({ story: { path, fetched } }: { story: ChangeStory }): ReactNode {
  const first = path[0]
  const last = path.at(-1)
  return (
    <Text size="xs" c="dimmed">
      {path.map(({ state }) => state).join(' → ')}
      {first && last && first !== last && ` in ${toSpan(first.at, last.at)}`}
      {fetched && ` · fetched ${toSize(fetched.bytes)} of ${toSize(fetched.size)}`}
    </Text>
  )
}
