import { Button, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { call } from '../api.ts'
import { CopyLine } from '../parts/copy-line.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'

/** Codes for the day without a passkey: shown once, when they are made. */
export function YourRecoveryCodes(): ReactNode {
  const make = useMutation({ mutationFn: () => call('makeRecoveryCodes', {}) })
  return (
    <Panel title="Recovery codes">
      <Stack gap="md" align="flex-start">
        <Text size="sm" c="dimmed">
          Each lets you in once, without a passkey. Print them, or keep them in a safe. New ones end
          those that you had.
        </Text>
        {make.isError && <ProblemNotice error={make.error} />}
        {make.data ? (
          <CopyLine line={make.data.codes.join('\n')} />
        ) : (
          <Button variant="default" loading={make.isPending} onClick={() => make.mutate()}>
            Make recovery codes
          </Button>
        )}
      </Stack>
    </Panel>
  )
}
