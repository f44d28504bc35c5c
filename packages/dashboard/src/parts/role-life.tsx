import { Stack, Text } from '@mantine/core'
import type { RoleView } from '@steadfleet/protocol'
import type { ReactNode } from 'react'
import { alarmMeanings, spentPercent } from '../trust.ts'
import { Moment } from './moment.tsx'
import { ShareBar } from './share-bar.tsx'
import { ToneBadge } from './tone-badge.tsx'

/** Whether somebody must renew a role. */
export function RoleAlarm({ role: { alarm } }: { role: RoleView }): ReactNode {
  const { tone, word, means } = alarmMeanings[alarm]
  return (
    <ToneBadge tone={tone} means={means}>
      {word}
    </ToneBadge>
  )
}

/** How much of its life a role has spent, as a bar and in words. */
export function RoleLife({ role }: { role: RoleView }): ReactNode {
  const spent = spentPercent(role)
  const { tone } = alarmMeanings[role.alarm]
  return (
    <Stack gap={4} miw={120}>
      <ShareBar
        label={`${spent} % of its life is over`}
        shares={[
          { tone, count: spent },
          { tone: 'quiet', count: 100 - spent },
        ]}
      />
      <Text size="xs" c="dimmed">
        {spent} %, ends <Moment at={role.expires} />
      </Text>
    </Stack>
  )
}
