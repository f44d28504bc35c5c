import { Button, Stack } from '@mantine/core'
import { IconDoorEnter } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { signOn } from '../queries.ts'

/** The way to the OpenID provider, where one is configured. */
export function SignOnButton(): ReactNode {
  const { data } = useQuery(signOn)
  const go = useMutation({
    mutationFn: () => call('beginSignOn', {}),
    onSuccess: ({ url }) => window.location.assign(url),
  })
  if (!data?.name) return null
  return (
    <Stack gap="xs">
      {go.isError && <ProblemNotice error={go.error} />}
      <Button
        variant="default"
        leftSection={<IconDoorEnter size={18} />}
        loading={go.isPending}
        onClick={() => go.mutate()}
      >
        Sign in with {data.name}
      </Button>
    </Stack>
  )
}
