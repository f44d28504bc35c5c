import { Badge, Button, Group, Text } from '@mantine/core'
import type { DeviceView } from '@steadfleet/protocol'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { type ActDraft, actIn, actNames, emptyAct } from '../device-act.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'
import { localProblem } from '../problem.ts'
import { ActFields } from './act-on-devices.tsx'

/** What people say of a device and decided about it, and the way to say more. */
export function DevicePeople({ device }: { device: DeviceView }): ReactNode {
  const [isActing, setActing] = useState(false)
  const labels = Object.entries(device.labels)
  return (
    <Panel
      title="Labels and decisions"
      aside={
        <Button variant="default" size="xs" onClick={() => setActing(true)}>
          Change
        </Button>
      }
    >
      <Group gap={6}>
        {labels.map(([name, value]) => (
          <Badge key={name} variant="light" tt="none">
            {name}={value}
          </Badge>
        ))}
      </Group>
      {labels.length === 0 && (
        <Text size="sm" c="dimmed">
          It has no label.
        </Text>
      )}
      {device.heldSince && (
        <Text size="sm" mt="xs">
          Held <Moment at={device.heldSince} />: no rollout moves it.
        </Text>
      )}
      {device.pins?.map(pin => (
        <Text size="sm" mt="xs" key={pin.package}>
          {pin.package} is pinned at revision {pin.revision}.
        </Text>
      ))}
      {device.goneSince && (
        <Text size="sm" mt="xs">
          Decommissioned <Moment at={device.goneSince} />.
        </Text>
      )}
      {device.note && (
        <Text size="sm" mt="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {device.note}
        </Text>
      )}
      {isActing && <ActOnDevice device={device} onClose={() => setActing(false)} />}
    </Panel>
  )
}

function ActOnDevice({ device, onClose }: { device: DeviceView; onClose(): void }): ReactNode {
  const [draft, setDraft] = useState<ActDraft>({ ...emptyAct, note: device.note ?? '' })
  const act = useAct(device, onClose)
  return (
    <Confirm
      opened
      title={`Act on ${device.name}`}
      deed={`${actNames[draft.act]} ${device.name}`}
      isGrave={draft.act === 'decommission'}
      isBusy={act.isPending}
      error={act.error}
      onConfirm={() => act.mutate(draft)}
      onClose={onClose}
    >
      <ActFields draft={draft} onChange={changes => setDraft({ ...draft, ...changes })} />
    </Confirm>
  )
}

function useAct(device: DeviceView, onClose: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async (draft: ActDraft) => {
      const act = actIn(draft)
      if (typeof act === 'string') throw localProblem('dashboard/act', act)
      return call('actOnDevice', { params: { device: device.id }, body: { act } })
    },
    onSuccess: async () => {
      onClose()
      for (const topic of ['devices', 'device', 'rollouts', 'settings']) {
        await client.invalidateQueries({ queryKey: [topic] })
      }
    },
  })
}
