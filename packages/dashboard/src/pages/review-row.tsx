import { Button, Group, Stack, Text } from '@mantine/core'
import type { ReviewView } from '@steadfleet/protocol'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Moment } from '../parts/moment.tsx'
import { ToneBadge } from '../parts/tone-badge.tsx'
import { requestChangesOf } from '../queries.ts'
import { Asks } from './asks.tsx'
import { SayReview } from './say-review.tsx'

type Verdict = 'approved' | 'rejected'

const tones = { waiting: 'warn', approved: 'good', rejected: 'bad' } as const
const verdicts: readonly (readonly [verdict: Verdict, label: string])[] = [
  ['approved', 'Approve'],
  ['rejected', 'Refuse'],
]

/** One revision: what it asks for that is risky, what was said of it, and the two answers. */
export function ReviewRow({ review }: { review: ReviewView }): ReactNode {
  const [asked, setAsked] = useState<Verdict>()
  const { data = [] } = useQuery(requestChangesOf(review.package, review.revision))
  const { verdict, by, at, reason } = review
  return (
    <Stack className="panel-row" gap={8}>
      <Group justify="space-between" gap="xs">
        <Group gap="sm">
          <Text fw={600}>
            {review.package} revision {review.revision}
          </Text>
          <ToneBadge tone={tones[verdict]}>{verdict}</ToneBadge>
        </Group>
        <Group gap="xs">
          {verdicts
            .filter(([one]) => one !== verdict)
            .map(([one, label]) => (
              <Button
                key={one}
                size="xs"
                variant={one === 'approved' ? 'filled' : 'default'}
                aria-label={`${label} ${review.package} revision ${review.revision}`}
                onClick={() => setAsked(one)}
              >
                {label}
              </Button>
            ))}
        </Group>
      </Group>
      {review.requests.map(request => (
        <Asks
          key={request.interface}
          opened={request.interface}
          reason={request.reason}
          changes={data}
        />
      ))}
      <Text size="sm" c="dimmed" component="div">
        {verdict === 'waiting' ? 'Asked for' : `“${reason}”, said`} by {by}, <Moment at={at} />
      </Text>
      {asked !== undefined && (
        <SayReview review={review} verdict={asked} onClose={() => setAsked(undefined)} />
      )}
    </Stack>
  )
}
