import { Button, Group, Stack, Text } from '@mantine/core'
import type { SettingDeclarations, SettingScope, SettingValues } from '@steadfleet/domain'
import type { DeviceView } from '@steadfleet/protocol'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import { linesOf } from '../settings.ts'
import { SettingField } from './setting-field.tsx'

interface SettingsFormProps {
  readonly device: DeviceView
  readonly of: string
  readonly declared: SettingDeclarations
  readonly given: Readonly<Record<SettingScope, SettingValues>>
}

/** Edits what a device is given of its own; everything else it inherits. */
export function SettingsForm({ device, of, declared, given }: SettingsFormProps): ReactNode {
  const [own, setOwn] = useState<SettingValues>(given.device)
  const client = useQueryClient()
  const [publisher = '', name = ''] = of.split('/')
  const save = useMutation({
    mutationFn: () =>
      call('setSettings', {
        params: { fleet: device.fleet, publisher, name, scope: 'device', target: device.id },
        body: { values: own },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['settings'] }),
  })
  const isChanged = JSON.stringify(own) !== JSON.stringify(given.device)
  return (
    <Stack
      component="form"
      gap="md"
      onSubmit={event => {
        event.preventDefault()
        save.mutate()
      }}
    >
      {linesOf(declared, { ...given, device: own }).map(line => (
        <SettingField
          key={line.name}
          line={line}
          onGive={value => setOwn({ ...own, [line.name]: value })}
          onInherit={() => setOwn(without(own, line.name))}
        />
      ))}
      {save.isError && <ProblemNotice error={save.error} />}
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <Text size="xs" c="dimmed" role="status">
          {save.isSuccess
            ? `Ordered. ${device.name} takes it as a new generation.`
            : `${device.name} takes a change as a new generation, on probation, and goes back by itself if it does not hold.`}
        </Text>
        <Button type="submit" disabled={!isChanged} loading={save.isPending}>
          Order
        </Button>
      </Group>
    </Stack>
  )
}

function without(values: SettingValues, name: string): SettingValues {
  return Object.fromEntries(Object.entries(values).filter(([each]) => each !== name))
}
