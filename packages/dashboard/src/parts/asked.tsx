import { Skeleton, Stack, VisuallyHidden } from '@mantine/core'
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ProblemNotice } from './problem-notice.tsx'

interface AskedProps<T> {
  readonly of: UseQueryResult<T>
  readonly children: (value: T) => ReactNode
}

/** What was asked of the server: its answer, the problem it met, or that it is on its way. */
export function Asked<T>({ of, children }: AskedProps<T>): ReactNode {
  if (of.data !== undefined) return children(of.data)
  if (of.isError) return <ProblemNotice error={of.error} onRetry={() => void of.refetch()} />
  return (
    <Stack gap="sm" aria-busy="true">
      <VisuallyHidden>Loading</VisuallyHidden>
      <Skeleton height={22} width="40%" />
      <Skeleton height={72} />
      <Skeleton height={72} />
    </Stack>
  )
}
