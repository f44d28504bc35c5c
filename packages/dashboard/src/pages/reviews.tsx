import { IconEyeCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { Asked } from '../parts/asked.tsx'
import { Empty } from '../parts/empty.tsx'
import { Files } from '../parts/files.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { reviews } from '../queries.ts'
import { ReviewRow } from './review-row.tsx'

/** Revisions whose risky requests somebody looks at before they go to stable. */
export function ReviewsPage(): ReactNode {
  const asked = useQuery(reviews)
  return (
    <Page
      title="Reviews"
      lead="What asks for an interface of high risk goes to stable once a reviewer has approved it."
      actions={<Files name="reviews" read={() => call('listReviews', {})} />}
    >
      <Asked of={asked}>
        {all => (
          <Panel flush>
            {all.map(review => (
              <ReviewRow key={`${review.package}/${review.revision}`} review={review} />
            ))}
            {all.length === 0 && (
              <Empty icon={IconEyeCheck} tone="good" title="Nothing waits for a reviewer">
                Whoever moves a channel of risk stable to such a revision asks for its review.
              </Empty>
            )}
          </Panel>
        )}
      </Asked>
    </Page>
  )
}
