import { Button, Group, Text } from '@mantine/core'
import type { DefectView } from '@steadfleet/protocol'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { consequenceOf, type DefectDeed, deedsOf } from '../defects.ts'
import { toSentence } from '../format/text.ts'
import { Confirm } from '../parts/confirm.tsx'

/** Resolve, ignore and reopen; each first says what it brings about. */
export function DefectSteering({ defect }: { defect: DefectView }): ReactNode {
  const [asking, setAsking] = useState<DefectDeed>()
  return (
    <Group gap="sm">
      {deedsOf[defect.state].map(deed => (
        <Button key={deed} variant="default" onClick={() => setAsking(deed)}>
          {toSentence(deed)}
        </Button>
      ))}
      {asking && <Asking deed={asking} defect={defect} onClose={() => setAsking(undefined)} />}
    </Group>
  )
}

interface AskingProps {
  readonly deed: DefectDeed
  readonly defect: DefectView
  onClose(): void
}

function Asking({ deed, defect, onClose }: AskingProps): ReactNode {
  const client = useQueryClient()
  const steering = useMutation({
    mutationFn: () => call('steerDefect', { params: { defect: defect.id, deed }, body: {} }),
    onSuccess: () => {
      onClose()
      return client.invalidateQueries({ queryKey: ['failures'] })
    },
  })
  return (
    <Confirm
      opened
      title={`${toSentence(deed)} this failure?`}
      deed={`${toSentence(deed)} failure`}
      isBusy={steering.isPending}
      error={steering.error}
      onConfirm={() => steering.mutate()}
      onClose={onClose}
    >
      <Text>{consequenceOf(deed, defect)}</Text>
    </Confirm>
  )
}
