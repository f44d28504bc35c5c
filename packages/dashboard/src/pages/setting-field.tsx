import { Anchor, Group, NumberInput, Select, Switch, Text, TextInput } from '@mantine/core'
import type { SettingValue } from '@steadfleet/domain'
import type { ReactNode } from 'react'
import { boundsOf, type SettingLine } from '../settings.ts'
import { type Seal, SecretField } from './secret-field.tsx'

interface SettingFieldProps {
  readonly line: SettingLine
  /** Whether it is set at the scope that is edited, so that it can be taken back. */
  readonly isOwn: boolean
  onGive(value: SettingValue): void
  onInherit(): void
  /** Seals a secret to the device; absent where no single device is given it. */
  readonly seal?: Seal | undefined
}

const origins = {
  default: 'the package’s default',
  fleet: 'set for the fleet',
  group: 'set for its group',
  device: 'set for this device',
} as const

/** One setting: an input of its declared type, and where its value comes from. */
export function SettingField(props: SettingFieldProps): ReactNode {
  const { line, isOwn, onGive, onInherit, seal } = props
  const { name, declaration, from } = line
  const bounds = boundsOf(declaration)
  const says = [declaration.description, bounds].filter(part => part !== undefined).join(', ')
  return (
    <div>
      <Input line={line} onGive={onGive} says={says} seal={seal} />
      <Group gap={6} mt={4}>
        <Text size="xs" c="dimmed">
          {origins[from]}
        </Text>
        {isOwn && (
          <Anchor
            component="button"
            type="button"
            size="xs"
            onClick={onInherit}
            aria-label={`Take back ${name}`}
          >
            take back
          </Anchor>
        )}
      </Group>
    </div>
  )
}

interface InputProps {
  readonly line: SettingLine
  readonly says: string
  readonly seal?: Seal | undefined
  onGive(value: SettingValue): void
}

function Input({ line, says, seal, onGive }: InputProps): ReactNode {
  const { name, declaration, value } = line
  const shared = { label: name, description: says || undefined }
  switch (declaration.type) {
    case 'boolean':
      return (
        <Switch
          {...shared}
          checked={value === true}
          onChange={event => onGive(event.currentTarget.checked)}
        />
      )
    case 'integer':
      return (
        <NumberInput
          {...shared}
          allowDecimal={false}
          min={declaration.minimum ?? Number.MIN_SAFE_INTEGER}
          max={declaration.maximum ?? Number.MAX_SAFE_INTEGER}
          value={Number(value)}
          onChange={given => typeof given === 'number' && onGive(given)}
        />
      )
    case 'choice':
      return (
        <Select
          {...shared}
          data={[...declaration.choices]}
          value={String(value)}
          allowDeselect={false}
          onChange={given => given !== null && onGive(given)}
        />
      )
    case 'secret':
      return <SecretField line={line} says={says} seal={seal} onGive={onGive} />
    case 'string':
      return (
        <TextInput
          {...shared}
          value={String(value)}
          maxLength={declaration['max-length'] ?? 4096}
          onChange={event => onGive(event.currentTarget.value)}
        />
      )
  }
}
