import { Group, Text, UnstyledButton } from '@mantine/core'
import type { countSecurityEvents, ReplyOf } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { toCount } from '../format/text.ts'
import { Moment } from '../parts/moment.tsx'
import { Panel } from '../parts/panel.tsx'

interface SecurityCountsProps {
  readonly counts: ReplyOf<typeof countSecurityEvents>
  readonly chosen: string | null
  onChoose(code: string | null): void
}

/** How often each code was told, and the way to see only one of them. */
export function SecurityCounts({ counts, chosen, onChoose }: SecurityCountsProps): ReactNode {
  if (counts.length === 0) return null
  return (
    <Panel title="By code" flush>
      {counts.map(({ code, count, devices, newest }) => (
        <UnstyledButton
          key={code}
          className="panel-row"
          w="100%"
          aria-pressed={chosen === code}
          onClick={() => onChoose(chosen === code ? null : code)}
        >
          <Text
            size="sm"
            className="mono"
            component="span"
            fw={chosen === code ? 700 : undefined}
            style={{ flex: '1 1 180px' }}
          >
            {code || 'no code'}
          </Text>
          <Group gap="lg" component="span">
            <Text size="sm" component="span">
              {toCount(count, 'time')} on {toCount(devices, 'device')}
            </Text>
            <Text size="sm" c="dimmed" component="span">
              <Moment at={newest} />
            </Text>
          </Group>
        </UnstyledButton>
      ))}
    </Panel>
  )
}
