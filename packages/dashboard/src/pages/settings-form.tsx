import { Button, Group, SegmentedControl, Stack, Text } from '@mantine/core'
import type { SettingDeclarations, SettingScope, SettingValues } from '@steadfleet/domain'
import type { DeviceView } from '@steadfleet/protocol'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { call } from '../api.ts'
import { toCount } from '../format/text.ts'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import type { SettingPlace } from '../queries.ts'
import { sealerFor } from '../seal.ts'
import { linesOf } from '../settings.ts'
import { SettingField } from './setting-field.tsx'
import { SettingsPreview } from './settings-preview.tsx'

export interface SettingsFormProps {
  readonly device: DeviceView
  readonly of: string
  readonly declared: SettingDeclarations
  readonly given: Readonly<Record<SettingScope, SettingValues>>
}

type Scope = 'device' | 'fleet'

/** Edits what a device is given of its own, or what its whole fleet is given. */
export function SettingsForm(props: SettingsFormProps): ReactNode {
  const [scope, setScope] = useState<Scope>('device')
  const { device } = props
  return (
    <Stack gap="md">
      <SegmentedControl
        aria-label="Whom the settings are for"
        data={[
          { value: 'device', label: `Only ${device.name}` },
          { value: 'fleet', label: `Fleet ${device.fleet}` },
        ]}
        value={scope}
        onChange={setScope}
      />
      <ScopeForm key={scope} {...props} scope={scope} />
    </Stack>
  )
}

function ScopeForm(props: SettingsFormProps & { readonly scope: Scope }): ReactNode {
  const { device, declared, given, scope } = props
  const [own, setOwn] = useState<SettingValues>(given[scope])
  const order = useOrder(props, own)
  // What is set for the fleet is seen without what a group or a device was given over it.
  const beneath = scope === 'fleet' ? { group: {}, device: {} } : {}
  const isChanged = JSON.stringify(own) !== JSON.stringify(given[scope])
  return (
    <Stack
      component="form"
      gap="md"
      onSubmit={event => {
        event.preventDefault()
        order.mutate()
      }}
    >
      {linesOf(declared, { ...given, ...beneath, [scope]: own }).map(line => (
        <SettingField
          key={line.name}
          line={line}
          isOwn={line.from === scope}
          onGive={value => setOwn({ ...own, [line.name]: value })}
          onInherit={() => setOwn(without(own, line.name))}
          seal={scope === 'device' ? sealerFor(device.id, props.of) : undefined}
        />
      ))}
      {isChanged && scope === 'fleet' && <SettingsPreview place={placeOf(props)} values={own} />}
      {order.isError && <ProblemNotice error={order.error} />}
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <Text size="xs" c="dimmed" role="status">
          {order.data
            ? orderedText(order.data)
            : 'A device takes a change as a new generation, on probation, and goes back by itself if it does not hold.'}
        </Text>
        <Button
          type="submit"
          disabled={!isChanged}
          loading={order.isPending}
          style={{ flex: 'none' }}
        >
          {scope === 'device' ? `Order ${device.name}` : `Order fleet ${device.fleet}`}
        </Button>
      </Group>
    </Stack>
  )
}

function useOrder(props: SettingsFormProps & { readonly scope: Scope }, values: SettingValues) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => call('setSettings', { params: placeOf(props), body: { values } }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['settings'] }),
  })
}

function placeOf({
  device,
  of,
  scope,
}: SettingsFormProps & { readonly scope: Scope }): SettingPlace {
  const [publisher = '', name = ''] = of.split('/')
  const target = scope === 'device' ? device.id : device.fleet
  return { fleet: device.fleet, publisher, name, scope, target }
}

function orderedText({ ordered, rollout }: { ordered: number; rollout?: number }): string {
  const rest = rollout === undefined ? '' : ` Rollout ${rollout} moves the rest.`
  return `Ordered on ${toCount(ordered, 'device')}.${rest}`
}

function without(values: SettingValues, name: string): SettingValues {
  return Object.fromEntries(Object.entries(values).filter(([each]) => each !== name))
}
