import { Group, Text } from '@mantine/core'
import type { DeviceEvent } from '@steadfleet/domain'
import type { ReactNode } from 'react'
import { toSentence } from '../format/text.ts'
import { Digest } from './digest.tsx'

/** The facts of an event; a digest is shortened, with all of it one click away. */
export function EventDetails({ details }: { details: DeviceEvent['details'] & {} }): ReactNode {
  const facts = Object.entries(details)
  if (facts.length === 0) return null
  return (
    <Group gap="md">
      {facts.map(([name, value]) => (
        <Text key={name} size="xs" c="dimmed" component="span" style={{ overflowWrap: 'anywhere' }}>
          {toSentence(name)} {isDigest(value) ? <Digest value={value} of={name} /> : String(value)}
        </Text>
      ))}
    </Group>
  )
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)
}
