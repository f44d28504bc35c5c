import { Button, Group, PasswordInput, Text } from '@mantine/core'
import type { SettingValue } from '@steadfleet/domain'
import { versionOfSealed } from '@steadfleet/protocol'
import { useMutation } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Moment } from '../parts/moment.tsx'
import { ProblemNotice } from '../parts/problem-notice.tsx'
import type { SettingLine } from '../settings.ts'

/** Seals what was typed for a setting to the device that is to have it. */
export type Seal = (setting: string, secret: string) => Promise<string>

interface SecretFieldProps {
  readonly line: SettingLine
  readonly says: string
  readonly seal: Seal | undefined
  onGive(value: SettingValue): void
}

/** A secret: it can be given, and never be read again. */
export function SecretField({ line, says, seal, onGive }: SecretFieldProps): ReactNode {
  const [typed, setTyped] = useState('')
  const sealing = useMutation({
    mutationFn: () => seal?.(line.name, typed) ?? Promise.resolve(''),
    onSuccess: sealed => {
      setTyped('')
      onGive(sealed)
    },
  })
  if (!seal) {
    return (
      <Text size="sm">
        {line.name} is a secret: it is sealed to devices, one by one. For many at once:{' '}
        <code>steadfleet secrets set</code>.
      </Text>
    )
  }
  return (
    <>
      <Group align="end" gap="sm" wrap="nowrap">
        <PasswordInput
          style={{ flex: 1 }}
          label={line.name}
          description={says || undefined}
          autoComplete="off"
          maxLength={2048}
          value={typed}
          onChange={event => setTyped(event.currentTarget.value)}
        />
        <Button
          variant="default"
          aria-label={`Seal ${line.name}`}
          disabled={typed === ''}
          loading={sealing.isPending}
          onClick={() => sealing.mutate()}
        >
          Seal
        </Button>
      </Group>
      <Text size="xs" c="dimmed">
        {line.value === '' ? 'Not given yet.' : <SealedAt value={String(line.value)} />}
      </Text>
      {sealing.isError && <ProblemNotice error={sealing.error} />}
    </>
  )
}

function SealedAt({ value }: { value: string }): ReactNode {
  return (
    <>
      Sealed <Moment at={new Date(versionOfSealed(value)).toISOString()} />; only the device can
      read it.
    </>
  )
}
