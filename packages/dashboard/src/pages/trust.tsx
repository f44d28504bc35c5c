import { Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { Asked } from '../parts/asked.tsx'
import { Files } from '../parts/files.tsx'
import { Page } from '../parts/page.tsx'
import { roles } from '../queries.ts'
import { isPublisher } from '../trust.ts'
import { TrustLog } from './trust-log.tsx'
import { TrustPublishers } from './trust-publishers.tsx'
import { TrustRoles } from './trust-roles.tsx'

/** Who signs for this fleet, for how long it is good, and which log holds it. */
export function TrustPage(): ReactNode {
  const asked = useQuery(roles)
  return (
    <Page
      title="Trust"
      lead="Who signs what devices accept, and how long each signature is good."
      actions={<Files name="roles" read={() => call('listRoles', {})} />}
    >
      <Asked of={asked}>
        {all => (
          <Stack gap="lg">
            <TrustRoles roles={all.filter(view => !isPublisher(view))} />
            <TrustPublishers publishers={all.filter(isPublisher)} />
            <TrustLog />
          </Stack>
        )}
      </Asked>
    </Page>
  )
}
