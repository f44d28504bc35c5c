import { Stack, Text, TextInput } from '@mantine/core'
import type { ReviewView } from '@steadfleet/protocol'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'

interface SayReviewProps {
  readonly review: ReviewView
  readonly verdict: 'approved' | 'rejected'
  onClose(): void
}

/** Says what a reviewer thinks of a revision, with the reason that stands in the log of decisions. */
export function SayReview({ review, verdict, onClose }: SayReviewProps): ReactNode {
  const client = useQueryClient()
  const [reason, setReason] = useState('')
  const [publisher = '', name = ''] = review.package.split('/')
  const { revision } = review
  const say = useMutation({
    mutationFn: () =>
      call('reviewRelease', { params: { publisher, name, revision }, body: { verdict, reason } }),
    onSuccess: async () => {
      onClose()
      await client.invalidateQueries({ queryKey: ['releases'] })
    },
  })
  const isApproval = verdict === 'approved'
  return (
    <Confirm
      opened
      title={`${isApproval ? 'Approve' : 'Refuse'} ${review.package} revision ${revision}`}
      deed={isApproval ? 'Approve' : 'Refuse'}
      isGrave={!isApproval}
      isBusy={say.isPending}
      error={say.error}
      onConfirm={() => say.mutate()}
      onClose={onClose}
    >
      <Stack gap="sm">
        <Text size="sm">
          {isApproval
            ? 'It may go to stable, and so may later revisions that ask for no more. Each fleet still grants or refuses it by itself.'
            : 'It can’t go to stable, where every fleet that follows it would take it. Where it is already, it stays.'}
        </Text>
        <TextInput
          label="Reason"
          description="It stands in the log of decisions."
          value={reason}
          onChange={event => setReason(event.currentTarget.value)}
        />
      </Stack>
    </Confirm>
  )
}
